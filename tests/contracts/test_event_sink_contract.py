"""What every event sink promises; run over all of them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from paho.mqtt.client import MQTTMessage
from pydantic import SecretStr

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError
from passerby_events.recordings import read_events
from passerby_events.schema import IdentityEvent, event_from
from pipeline.events.fanout import FanoutSink
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.memory import MemorySink
from pipeline.events.mqtt import MqttSink
from pipeline.events.sink import EventSink
from pipeline.events.sparing import SparingSink
from pipeline.events.stream import StreamSink
from pipeline.events.targets import MqttTarget, WebhookTarget
from pipeline.events.webhook import WebhookSink
from testing.events import a_match, an_erasure
from testing.services.kafka_topics import events_at
from testing.services.mosquitto import Mosquitto
from testing.services.mqtt_messages import Subscriber
from testing.services.webhook import WebhookServer
from testing.waiting import until

Reader = Callable[[], Sequence[IdentityEvent]]


@pytest.fixture(params=["memory", "jsonlines", "stream", "kafka", "mqtt", "webhook", "fanout", "sparing"])
def sink(request: pytest.FixtureRequest) -> tuple[EventSink, Reader]:
    connected: tuple[EventSink, Reader] = request.getfixturevalue(f"{request.param}_sink")
    return connected


@pytest.fixture
def memory_sink() -> tuple[EventSink, Reader]:
    sink = MemorySink()
    return sink, lambda: sink.events


@pytest.fixture
def jsonlines_sink(tmp_path: Path) -> tuple[EventSink, Reader]:
    path = tmp_path / "deep" / "events.jsonl"
    return JsonLinesSink(path), lambda: list(read_events(path))


@pytest.fixture
def stream_sink(tmp_path: Path) -> Iterator[tuple[EventSink, Reader]]:
    path = tmp_path / "stream.jsonl"
    with path.open("wb") as stream:
        yield StreamSink(stream, "a file"), lambda: list(read_events(path))


@pytest.fixture
def fanout_sink(
    memory_sink: tuple[EventSink, Reader],
    jsonlines_sink: tuple[EventSink, Reader],
    kafka_sink: tuple[EventSink, Reader],
    mqtt_sink: tuple[EventSink, Reader],
    webhook_sink: tuple[EventSink, Reader],
) -> tuple[EventSink, Reader]:
    pairs = (memory_sink, jsonlines_sink, kafka_sink, mqtt_sink, webhook_sink)
    readers = [read for _, read in pairs]

    def read() -> Sequence[IdentityEvent]:
        first, *others = ([event.model_dump_json() for event in read()] for read in readers)
        assert all(other == first for other in others)
        return readers[0]()

    return FanoutSink([sink for sink, _ in pairs]), read


@pytest.fixture
def sparing_sink(jsonlines_sink: tuple[EventSink, Reader]) -> tuple[EventSink, Reader]:
    within, read = jsonlines_sink
    return SparingSink(lambda: within), read


@pytest.fixture
def kafka_sink(kafka_brokers: Brokers, topic: str) -> Iterator[tuple[EventSink, Reader]]:
    with KafkaSink(kafka_brokers, topic) as sink:
        yield sink, lambda: list(events_at(kafka_brokers, topic))


@pytest.fixture
def mqtt_sink(mosquitto: Mosquitto) -> Iterator[tuple[EventSink, Reader]]:
    target = MqttTarget("127.0.0.1", mosquitto.port, "passerby/test", has_tls=False)
    with Subscriber(mosquitto.port, target.topic) as subscriber, MqttSink(target) as sink:

        def read() -> list[IdentityEvent]:
            """A broker hands on what it has acknowledged when it comes to it: the last word is sent behind all else."""
            with MqttSink(target) as last:
                last.publish(an_erasure(UUID(int=0)))
            until(lambda: is_last(subscriber.messages[-1:]), "all is handed on")
            read = [event_from(bytes(message.payload)) for message in subscriber.messages]
            return [event for event in read if event.kind != "person.erased"]

        yield sink, read


@pytest.fixture
def webhook_sink() -> Iterator[tuple[EventSink, Reader]]:
    with WebhookServer() as server, WebhookSink(WebhookTarget(SecretStr(server.url))) as sink:

        def read() -> list[IdentityEvent]:
            read = [event_from(post.body) for post in server.posts]
            return [event for event in read if event.kind != "person.erased"]

        yield sink, read


def is_last(messages: Sequence[MQTTMessage]) -> bool:
    return any(event_from(bytes(message.payload)).kind == "person.erased" for message in messages)


def events(count: int) -> list[IdentityEvent]:
    return [a_match().model_copy(update={"site": f"site{i}"}) for i in range(count)]


def test_what_was_published_is_there_in_order_after_close(sink: tuple[EventSink, Reader]) -> None:
    writer, read = sink
    sent = events(20)
    for event in sent:
        writer.publish(event)
    writer.close()
    assert [event.model_dump_json() for event in read()] == [event.model_dump_json() for event in sent]


def test_closing_twice_does_nothing(sink: tuple[EventSink, Reader]) -> None:
    writer, read = sink
    writer.publish(a_match())
    writer.close()
    writer.close()
    assert len(read()) == 1


def test_what_was_flushed_is_there_before_close(sink: tuple[EventSink, Reader]) -> None:
    writer, read = sink
    sent = events(3)
    for event in sent:
        writer.publish(event)
    writer.flush()
    assert [event.event_id for event in read()] == [event.event_id for event in sent]
    writer.close()


def test_nothing_is_taken_after_close(sink: tuple[EventSink, Reader]) -> None:
    writer, read = sink
    writer.close()
    with pytest.raises(EventsError):
        writer.publish(a_match())
    with pytest.raises(EventsError):
        writer.flush()
    assert len(read()) == 0
