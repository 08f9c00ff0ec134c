"""One event that is too large is left out, and nothing else is."""

from uuid import UUID

import pytest

from passerby_events.errors import EventsError, EventTooLargeError
from passerby_events.schema import Event, IdentityEvent
from pipeline.events.memory import MemorySink
from pipeline.events.sparing import MOST_KEPT, EventLeftOut, SparingSink
from testing.sightings import event


class Broker:
    """Takes events, but those that are too large; says so at once, or when it is asked whether all are there."""

    def __init__(self, refused: set[UUID], *, at_once: bool) -> None:
        self.taken: list[UUID] = []
        self.refused = refused
        self.at_once = at_once

    def open(self) -> "BrokerSink":
        return BrokerSink(self)


class BrokerSink(MemorySink):
    def __init__(self, broker: Broker) -> None:
        super().__init__()
        self._broker = broker
        self._has_failed = False

    def publish(self, event: Event) -> None:
        super().publish(event)
        if self._broker.at_once:
            self.flush()

    def flush(self) -> None:
        if self._has_failed:
            raise EventsError("a sink that has refused takes nothing more")
        super().flush()
        self._has_failed = any(each.event_id in self._broker.refused for each in self.events)
        if self._has_failed:
            raise EventTooLargeError("too large: raise max.message.bytes")
        self._broker.taken += [each.event_id for each in self.events]
        self.events.clear()


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("refused", [{0}, {3}, {1, 2}, {4}, set(range(5))])
def test_what_is_too_large_is_left_out_and_named_and_all_else_is_delivered(
    at_once: bool, refused: set[int], caplog: pytest.LogCaptureFixture
) -> None:
    events: list[IdentityEvent] = [event(track) for track in range(5)]
    large = {events[at].event_id for at in refused}
    broker, left_out = Broker(large, at_once=at_once), list[EventLeftOut]()
    sink = SparingSink(broker.open, [left_out.append])
    for each in events:
        sink.publish(each)
    sink.close()
    sink.close()
    assert list(dict.fromkeys(broker.taken)) == [each.event_id for each in events if each.event_id not in large]
    assert {each.event.event_id for each in left_out} == large
    assert len(caplog.messages) == len(refused)
    assert all("is left out: too large" in line for line in caplog.messages)


def test_what_may_have_to_be_sent_again_is_bounded() -> None:
    broker = Broker(set(), at_once=False)
    sink = SparingSink(broker.open)
    for number in range(MOST_KEPT):
        sink.publish(event(number))
    assert len(broker.taken) == MOST_KEPT


def test_another_failure_is_raised() -> None:
    class Failing(MemorySink):
        def flush(self) -> None:
            raise EventsError("no broker")

    sink = SparingSink(Failing)
    sink.publish(event(1))
    with pytest.raises(EventsError, match="no broker"):
        sink.flush()
