"""What a matcher's events go to, from a real outbox."""

import time

import pytest

from pipeline.commands.sinks import opener_of_match
from pipeline.config import PipelineConfig
from pipeline.events.memory import MemorySink
from pipeline.store.client import SiteStore
from pipeline.store.keys import OUTBOX
from pipeline.store.outbox import OutboxRelay
from testing.redis_desk import RedisDesk
from testing.services.mosquitto import Mosquitto
from testing.services.mqtt_messages import Subscriber
from testing.services.webhook import Answer, WebhookServer
from testing.sightings import ends_at, event, sighting
from testing.waiting import until

TOPIC = "passerby/test"


def config_of(**events: object) -> PipelineConfig:
    return PipelineConfig.model_validate({"cameras": [{"name": "door", "source": "door.mp4"}], "events": events})


def commit(store: SiteStore, count: int) -> list[str]:
    """Puts so many events into the outbox; their bodies."""
    events = [event(track) for track in range(count)]
    RedisDesk(store).gallery.commit([sighting(1, 10)], events, ends_at(11))
    return [each.model_dump_json() for each in events]


def relay(store: SiteStore, config: PipelineConfig) -> OutboxRelay:
    return OutboxRelay(store, opener_of_match(config, None, MemorySink), patience_s=60.0)


def test_where_nobody_else_is_named_they_go_to_the_file() -> None:
    opener = opener_of_match(config_of(), None, MemorySink)
    assert isinstance(opener(), MemorySink)


def test_a_webhook_that_is_away_gets_all_once_it_is_back_and_mqtt_nothing_twice(
    store: SiteStore, mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    sent = commit(store, 20)
    mqtt = {"url": f"mqtt://127.0.0.1:{mosquitto.port}", "topic": TOPIC}
    with WebhookServer(lambda _: Answer(503)) as server, Subscriber(mosquitto.port, TOPIC) as subscriber:
        config = config_of(mqtt=mqtt, webhook={"url": server.url, "deliver_within_s": 0.2})
        to_both = relay(store, config)
        until(lambda: len(server.posts) > 2, "it was tried by more than one sink")
        assert store.length(OUTBOX) == 20
        server.posts.clear()
        server.answer = lambda _: Answer()
        assert to_both.drain(time.monotonic() + 30)
        to_both.close()
        assert list(dict.fromkeys(post.body.decode() for post in server.posts)) == sent
        until(lambda: len(subscriber.messages) >= 20, "all is handed on")
        assert [message.payload.decode() for message in subscriber.messages] == sent
    assert "found 503 Service Unavailable" in caplog.text
    assert "is back after" in caplog.text


def test_a_token_that_the_webhook_does_not_take_ends_delivery_at_once(store: SiteStore) -> None:
    commit(store, 1)
    with WebhookServer(lambda _: Answer(401)) as server:
        refused = relay(store, config_of(webhook={"url": server.url}))
        until(lambda: _fault(refused).endswith("is the token right?"), "it is given up")
        refused.close()
        assert len(server.posts) == 1
    assert store.length(OUTBOX) == 1


def test_an_event_that_the_webhook_finds_too_large_holds_up_no_other(store: SiteStore) -> None:
    sent = commit(store, 5)
    with WebhookServer() as server:
        server.answer = lambda post: Answer(413 if post.body.decode() == sent[2] else 204)
        delivering = relay(store, config_of(webhook={"url": server.url}))
        assert delivering.drain(time.monotonic() + 30)
        delivering.close()
        assert list(dict.fromkeys(post.body.decode() for post in server.posts)) == sent


def _fault(relayed: OutboxRelay) -> str:
    try:
        relayed.check()
    except Exception as error:  # noqa: BLE001 - whatever it is
        return str(error)
    return ""
