from uuid import UUID

import pytest

from passerby_events.errors import EventsError
from passerby_events.schema import Event
from pipeline.events.fanout import Fanout
from pipeline.events.memory import MemorySink
from pipeline.events.sink import EventSink
from testing.events import a_match
from testing.failing_sink import FailingSink


def events(count: int) -> list[Event]:
    return [a_match().model_copy(update={"event_id": UUID(int=number)}) for number in range(count)]


def send_again(opener: Fanout, sent: list[Event]) -> EventSink:
    """A new sink, to which all is published."""
    sink = opener()
    for event in sent:
        sink.publish(event)
    return sink


def test_who_is_well_gets_nothing_twice_for_one_that_is_away() -> None:
    sinks: list[MemorySink] = []
    away: list[EventSink] = [MemorySink(), FailingSink(), FailingSink()]

    def well() -> EventSink:
        sinks.append(MemorySink())
        return sinks[-1]

    opener = Fanout([well, lambda: away.pop()])
    sent = events(5)
    for _ in range(2):
        sink = send_again(opener, sent)
        with pytest.raises(EventsError, match="no broker"):
            sink.flush()
        with pytest.raises(EventsError):
            sink.close()
    sink = send_again(opener, sent)
    sink.flush()
    sink.close()
    assert [each.event_id for sink in sinks for each in sink.events] == [each.event_id for each in sent]


def test_what_was_published_and_never_flushed_is_published_again() -> None:
    sinks: list[MemorySink] = []

    def opened() -> EventSink:
        sinks.append(MemorySink())
        return sinks[-1]

    opener = Fanout([opened, opened])
    send_again(opener, events(2))
    send_again(opener, events(2)).flush()
    assert [len(sink.events) for sink in sinks] == [2, 2, 2, 2]


def test_one_that_cannot_be_opened_leaves_none_open() -> None:
    first = MemorySink()

    def cannot() -> EventSink:
        raise EventsError("no broker")

    with pytest.raises(EventsError, match="no broker"):
        Fanout([lambda: first, cannot])()
    with pytest.raises(EventsError, match="closed"):
        first.flush()
