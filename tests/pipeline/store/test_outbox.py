import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from passerby_events.schema import IdentityEvent
from pipeline.events.memory import MemorySink
from pipeline.events.sink import EventSink
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import DEAD_LETTERS, OUTBOX
from pipeline.store.lua import script
from pipeline.store.outbox import EventDeadLettered, EventDelivered, OutboxRelay, RelayNews, SinkFailed
from testing.failing_sink import FailingSink
from testing.redis_desk import RedisDesk
from testing.sightings import ends_at, event, sighting
from testing.waiting import until

ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")


def commit(store: SiteStore, count: int) -> list[IdentityEvent]:
    events = [event(track) for track in range(count)]
    RedisDesk(store).gallery.commit([sighting(1, 10)], events, ends_at(11))
    return events


def test_events_are_delivered_in_order_and_then_forgotten(store: SiteStore) -> None:
    sent = commit(store, 1200)
    sink = MemorySink()
    relay = OutboxRelay(store, lambda: sink, patience_s=60.0)
    assert relay.drain(time.monotonic() + 10)
    relay.close()
    assert [each.event_id for each in sink.events] == [each.event_id for each in sent]
    assert store.length(OUTBOX) == 0


def test_what_a_sink_did_not_confirm_goes_to_the_next_one_whole(store: SiteStore) -> None:
    sent = commit(store, 3)
    failing, sink = FailingSink(), MemorySink()
    sinks: Iterator[EventSink] = iter((failing, sink))
    reported: list[RelayNews] = []
    relay = OutboxRelay(store, lambda: next(sinks), patience_s=60.0, observers=[reported.append])
    assert relay.drain(time.monotonic() + 10)
    relay.close()
    assert len(failing.events) == 3
    assert [each.event_id for each in sink.events] == [each.event_id for each in sent]
    failed, *delivered = reported
    assert isinstance(failed, SinkFailed)
    assert [each.event.event_id for each in delivered if isinstance(each, EventDelivered)] == [
        each.event_id for each in sent
    ]


def test_nothing_is_forgotten_while_no_sink_confirms(store: SiteStore) -> None:
    commit(store, 3)
    relay = OutboxRelay(store, FailingSink, patience_s=60.0)
    assert not relay.drain(time.monotonic() + 0.3)
    relay.close()
    assert store.length(OUTBOX) == 3


def test_patience_ends(store: SiteStore) -> None:
    commit(store, 1)
    relay = OutboxRelay(store, FailingSink, patience_s=0.0)
    until(lambda: _fault(relay) == "no broker for 0 s: given up")
    relay.close()


def test_an_entry_that_is_no_event_is_a_clear_line(store: SiteStore) -> None:
    store.run(ADD, [store.key(OUTBOX)], ["event", "{}"])
    relay = OutboxRelay(store, MemorySink, patience_s=60.0)
    until(lambda: "expected an event of schema v1" in _fault(relay))
    with pytest.raises(StoreError):
        relay.check()
    relay.close()


class PickySink(MemorySink):
    """Refuses one event, as Kafka does one that is too large; a sink that has refused takes nothing more."""

    def __init__(self, taken: list[UUID], refused: UUID) -> None:
        super().__init__()
        self._taken = taken
        self._refused = refused

    def flush(self) -> None:
        super().flush()
        if any(each.event_id == self._refused for each in self.events):
            raise EventTooLargeError("an event is refused: too large")
        self._taken += [each.event_id for each in self.events]
        self.events.clear()


def test_an_event_that_is_too_large_is_dead_lettered_and_the_others_get_through(
    store: SiteStore, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [each.event_id for each in commit(store, 5)]
    taken: list[UUID] = []
    reported: list[RelayNews] = []
    relay = OutboxRelay(store, lambda: PickySink(taken, ids[2]), patience_s=60.0, observers=[reported.append])
    assert relay.drain(time.monotonic() + 10)
    relay.close()
    assert taken == [*ids[:2], *ids[3:]]
    assert [each.event.event_id for each in reported if isinstance(each, EventDeadLettered)] == [ids[2]]
    ((_, letter),) = store.entries(DEAD_LETTERS, 10)
    assert letter[b"reason"] == b"an event is refused: too large"
    assert str(ids[2]).encode() in letter[b"event"]
    assert f"event {ids[2]} of person" in caplog.text


def test_a_refusal_ends_at_once_and_what_waits_stays(store: SiteStore) -> None:
    commit(store, 3)

    def refuse() -> EventSink:
        raise EventsRefusedError("expected topic t, found none; reid-pipeline topics create makes it")

    relay = OutboxRelay(store, refuse, patience_s=60.0)
    until(lambda: _fault(relay) == "expected topic t, found none; reid-pipeline topics create makes it")
    relay.close()
    assert store.length(OUTBOX) == 3


def _fault(relay: OutboxRelay) -> str:
    try:
        relay.check()
    except (EventsError, StoreError) as error:
        return str(error)
    return ""
