"""What every event sink promises; run over all of them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError
from passerby_events.recordings import read_events
from passerby_events.schema import IdentityEvent
from pipeline.events.fanout import FanoutSink
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.memory import MemorySink
from pipeline.events.sink import EventSink
from pipeline.events.sparing import SparingSink
from pipeline.events.stream import StreamSink
from testing.events import a_match
from testing.services.kafka_topics import events_at

Reader = Callable[[], Sequence[IdentityEvent]]


@pytest.fixture(params=["memory", "jsonlines", "stream", "kafka", "fanout", "sparing"])
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
) -> tuple[EventSink, Reader]:
    pairs = (memory_sink, jsonlines_sink, kafka_sink)
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
