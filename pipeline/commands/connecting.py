"""`reid-pipeline check --connect`: asks everything once that a deployment stands on, and says what it saw."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.table import Table

from passerby_events.environment import brokers_from
from passerby_events.errors import EventsRefusedError
from passerby_events.topics import EVENTS
from pipeline.build import look_at_camera, read_encoder_card
from pipeline.commands.topics import why_lossy
from pipeline.config import CameraConfig, PipelineConfig, RedisConfig
from pipeline.events.kafka.topics import POLICY, look_at_topic
from pipeline.events.targets import MqttTarget, WebhookTarget
from pipeline.sources.errors import ErrorCode, SourceError, redact
from pipeline.sources.source import CameraLook
from pipeline.store.agreement import Agreement, check_matcher
from pipeline.store.error_text import show_address
from pipeline.store.startup import open_store
from reid_runtime.faults import exit_code, in_one_line

AT_ONCE = 16
"""So many are asked at a time: a decoder of a camera takes about 50 MB."""
SLACK_S = 5.0
"""For what has no time-out of its own, such as the look-up of a name."""
KAFKA_S = 10.0
"""For each of the few questions to Kafka."""

_ADVICE = {
    ErrorCode.NOT_FOUND: "is the name or the path right?",
    ErrorCode.REFUSED: "is it on, and is the port right?",
    ErrorCode.TIMEOUT: "is it on, and does this machine reach it?",
    ErrorCode.CLOSED: "is it on, and does it take one more viewer?",
    ErrorCode.CODEC: "set it to H.264 or H.265",
    ErrorCode.CORRUPT: "is it a video?",
}
"""What to look at where a camera does not deliver, and its line does not say."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Something that is asked once.

    Attributes:
        name: such as `camera door`.
        address: without anything secret.
        ask: says what was seen, or raises.
        within_s: it is given up after this.
    """

    name: str
    address: str
    ask: Callable[[], str]
    within_s: float


def print_contacts(config: PipelineConfig, topic: str | None) -> bool:
    """Asks all of them, prints a table, and a line on stderr for each that failed; whether none did."""
    contacts = list(contacts_of(config, topic))
    table, faults = Table("what", "", "where", "seen"), []
    for contact, answer in zip(contacts, ask_all(contacts), strict=True):
        fault = _fault(contact, answer)
        faults += [fault] if fault else []
        table.add_row(contact.name, "FAILED" if fault else "ok", contact.address, "" if fault else answer.result())
    Console(highlight=False).print(table)
    errors = Console(stderr=True, highlight=False)
    for line in faults:
        errors.print(f"reid-pipeline: {line}", soft_wrap=True, markup=False)
    return not faults


def contacts_of(config: PipelineConfig, topic: str | None) -> Iterator[Contact]:
    """The cameras; Redis and whoever takes events, where the configuration or the environment says how to reach them.

    Raises:
        SettingsError, ConfigError: if what it says makes no sense.
    """
    for camera in config.cameras:
        params = camera.stream
        patience_s = 2 * params.open_timeout_s + 3 * params.read_timeout_s + SLACK_S
        address = redact(camera.source.get_secret_value())
        yield Contact(f"camera {camera.name}", address, partial(_see_camera, camera), patience_s)
    redis = config.redis
    if redis.url is not None or redis.url_env in os.environ:
        patience_s = redis.start_patience_s + SLACK_S
        yield Contact("redis", _redis_address(redis), partial(_see_redis, config), patience_s)
    if topic is not None or "KAFKA_BOOTSTRAP_SERVERS" in os.environ:
        brokers, topic = brokers_from(os.environ), topic or EVENTS
        yield Contact("kafka", str(brokers), partial(_see_kafka, topic), 4 * KAFKA_S)
    if config.events.mqtt is not None:
        broker = config.events.mqtt.target()
        yield Contact("mqtt", str(broker), partial(_see_mqtt, broker), broker.deliver_within_s + SLACK_S)
    if config.events.webhook is not None:
        server = config.events.webhook.target()
        yield Contact("webhook", str(server), partial(_see_webhook, server), server.timeout_s + SLACK_S)


def ask_all(contacts: Sequence[Contact]) -> list[Future[str]]:
    """Asks side by side. Who does not answer in time is left behind, in a thread that keeps nobody from ending."""
    answers: list[Future[str]] = []
    for first in range(0, len(contacts), AT_ONCE):
        together = contacts[first : first + AT_ONCE]
        asked = [_begin(contact) for contact in together]
        wait(asked, timeout=max(contact.within_s for contact in together))
        answers += asked
    return answers


def _begin(contact: Contact) -> Future[str]:
    answer: Future[str] = Future()

    def ask() -> None:
        try:
            answer.set_result(contact.ask())
        except BaseException as error:  # noqa: BLE001 - raised, or printed, by who waits
            answer.set_exception(error)

    threading.Thread(target=ask, name=f"ask {contact.name}", daemon=True).start()
    return answer


def _fault(contact: Contact, answer: Future[str]) -> str | None:
    """The one line about what went wrong; None if nothing did."""
    if not answer.done():
        return f"{contact.name}: no answer from {contact.address} within {contact.within_s:g} s; is its name known?"
    error = answer.exception()
    if error is None:
        return None
    if not isinstance(error, Exception) or exit_code(error) is None:
        raise error
    advice = _ADVICE.get(error.code) if isinstance(error, SourceError) else None
    return in_one_line(error) + (f"; {advice}" if advice else "")


def _see_camera(camera: CameraConfig) -> str:
    look = look_at_camera(camera)
    seen = [look.kind, f"{look.width}x{look.height}", *_rate(look), *_length(look)]
    return ", ".join([*seen, f"first image after {look.first_image_s:.1f} s"])


def _rate(look: CameraLook) -> Iterator[str]:
    if look.frame_rate is not None:
        yield f"{look.frame_rate:.3g} frames/s"


def _length(look: CameraLook) -> Iterator[str]:
    if look.frames is not None:
        yield f"{look.frames:,} frames"
    if look.lasts_s is not None:
        yield f"{look.lasts_s:,.0f} s"


def _redis_address(config: RedisConfig) -> str:
    return show_address(config.address())


def _see_redis(config: PipelineConfig) -> str:
    """Also whether a matcher with this configuration would be refused by what its site has decided so far."""
    model_id, cameras = read_encoder_card(config.encoder).model_id, frozenset(each.name for each in config.cameras)
    with open_store(config.redis, config.site.name) as store:
        server, keeping = store.server(), store.keeping()
        check_matcher(store, Agreement(config.order.window_s, model_id, cameras))
    memory = f"maxmemory {keeping.max_memory / 1e6:,.0f} MB" if keeping.max_memory else "no maxmemory"
    appends = "appendonly yes" if keeping.appends else "appendonly no: a restart forgets the site, set it to yes"
    return f"{server.version} ({server.mode}), {memory}, {keeping.policy}, all rights that a site needs; {appends}"


def _see_kafka(topic: str) -> str:
    look = look_at_topic(brokers_from(os.environ), topic, within_s=KAFKA_S)
    if look.policy not in (POLICY, None):
        raise EventsRefusedError(f"topic {topic} has cleanup.policy {look.policy}, not {POLICY}: {why_lossy(topic)}")
    settings = [f"cleanup.policy {look.policy or 'not for us to read'}"]
    settings += [] if look.max_message_bytes is None else [f"max.message.bytes {look.max_message_bytes}"]
    shape = f"{look.partitions} partitions, {look.replication} copies"
    return f"{look.brokers} brokers; topic {topic}: {', '.join([shape, *settings])}"


def _see_mqtt(target: MqttTarget) -> str:
    from pipeline.events.mqtt import MqttSink

    with MqttSink(target) as sink:
        largest = "of any size" if sink.largest is None else f"of up to {sink.largest} bytes"
    return f"takes us, and messages {largest}; whether to topic {target.topic} is seen with the first event"


def _see_webhook(target: WebhookTarget) -> str:
    from pipeline.events.webhook import ask

    return f"answers HEAD with {ask(target)}; whether it takes events is seen with the first one"
