import threading
from functools import partial

import pytest
from prometheus_client import generate_latest

from pipeline.config import RedisConfig
from pipeline.store.client import SiteStore, StoreUnavailable
from pipeline.store.keys import OUTBOX
from pipeline.store.lease import acquire
from pipeline.store.site_matcher import LEADING, STANDING_BY, SiteMatcherParams
from testing.failing_sink import FailingSink
from testing.services.ports import free_port
from testing.site.room import ENDS_WITHIN_S, Room, write
from testing.waiting import until


def test_it_decides_delivers_and_ends_with_its_workers(store: SiteStore) -> None:
    write(store, 1, 2, 3)
    room = Room(store)
    room.matcher.run(until_end=True)
    assert [event.kind for event in room.sink.events] == ["person.appeared", "track.ended"] * 3
    again = Room(store)
    again.matcher.run(until_end=True)
    assert not again.sink.events
    assert acquire(store, 1.0) is not None
    shown = generate_latest(room.metrics.registry).decode()
    assert 'reid_events_total{kind="person.appeared"} 3.0' in shown
    assert "reid_matcher_leading 0.0" in shown


def test_it_stops_when_it_is_told_to_while_all_is_decided_and_nobody_takes_its_events(store: SiteStore) -> None:
    write(store, 1)
    sink = FailingSink()
    matcher = Room(store, sink=sink).matcher
    running = threading.Thread(target=partial(matcher.run, until_end=True), daemon=True)
    running.start()
    until(lambda: len(sink.events) > 4, "all is decided, and tried again")
    matcher.stop()
    running.join(ENDS_WITHIN_S)
    assert not running.is_alive()
    assert store.length(OUTBOX) == 2
    again = Room(store)
    again.matcher.run(until_end=True)
    assert [event.kind for event in again.sink.events] == ["person.appeared", "track.ended"]


def test_it_stands_by_while_another_has_the_lease_and_takes_over(store: SiteStore) -> None:
    other = acquire(store, 60.0)
    assert other is not None
    write(store, 1)
    room = Room(store)
    room.start()
    until(lambda: room.health.cameras() == {"matcher": STANDING_BY})
    assert room.health.is_ready()
    assert not room.sink.events
    other.release()
    until(lambda: len(room.sink.events) == 2)
    assert room.health.cameras() == {"matcher": LEADING}
    room.stop()


def test_nothing_is_decided_while_too_many_events_wait_to_be_delivered(store: SiteStore) -> None:
    write(store, *range(10))
    room = Room(store, SiteMatcherParams(RedisConfig(lease_s=4.0, max_outbox=4)), FailingSink())
    room.start()
    until(lambda: store.length(OUTBOX) == 4)
    failures = partial(room.metrics.registry.get_sample_value, "reid_sink_failures_total")
    until(lambda: (failures() or 0) >= 2, "two tries to deliver")
    assert store.length(OUTBOX) == 4
    assert acquire(store, 1.0) is None
    room.stop()


def test_patience_with_redis_ends() -> None:
    with SiteStore(f"redis://127.0.0.1:{free_port()}/0", "shop") as store:
        room = Room(store, SiteMatcherParams(RedisConfig(patience_s=0.3)))
        with pytest.raises(StoreUnavailable):
            room.matcher.run()
