"""What events go to: files and stdout, Kafka, MQTT, webhooks, as options and the configuration name them."""

import logging
import os
from collections.abc import Callable, Iterator
from functools import partial

from passerby_events.environment import brokers_from
from pipeline.config import PipelineConfig
from pipeline.events.fanout import Fanout
from pipeline.events.sink import EventSink
from pipeline.events.targets import MqttTarget, WebhookTarget

logger = logging.getLogger(__name__)

SinkOpener = Callable[[], EventSink]


def opener_of_match(config: PipelineConfig, topic: str | None, to_file: SinkOpener) -> SinkOpener:
    """How a matcher opens what its events go to: `to_file`, where nobody else is named.

    Raises:
        SettingsError, ConfigError: if what reaches one of them is missing, or makes no sense.
    """
    further = list(further_openers(config, topic))
    if not further:
        return to_file
    return Fanout(further) if len(further) > 1 else further[0]


def further_openers(config: PipelineConfig, topic: str | None) -> Iterator[SinkOpener]:
    """How everything is opened that stands outside this machine; nothing is, yet. Raises as `opener_of_match`."""
    if topic is not None:
        from pipeline.events.kafka.sink import KafkaSink

        yield partial(KafkaSink, brokers_from(os.environ), topic)
    if config.events.mqtt is not None:
        from pipeline.events.mqtt import MqttSink

        broker = config.events.mqtt.target()
        _warn_in_the_clear(broker, is_clear=not broker.has_tls and broker.password is not None)
        yield partial(MqttSink, broker)
    if config.events.webhook is not None:
        from pipeline.events.webhook import WebhookSink

        server = config.events.webhook.target()
        _warn_in_the_clear(server, is_clear=str(server).startswith("http://") and server.token is not None)
        yield partial(WebhookSink, server)


def _warn_in_the_clear(target: MqttTarget | WebhookTarget, *, is_clear: bool) -> None:
    if is_clear:
        logger.warning("%s: who we are crosses the network in the clear; use TLS", target)
