"""A matcher at work erases who is asked for, and nothing that comes later brings the person back."""

from collections.abc import Iterator

import pytest
from prometheus_client import generate_latest

from pipeline.config import RedisConfig
from pipeline.store.client import SiteStore
from pipeline.store.erasure_requests import ask, audit
from pipeline.store.keys import OUTBOX
from pipeline.store.site_matcher import SiteMatcherParams
from testing.failing_sink import FailingSink
from testing.sightings import somebody
from testing.site.room import PlayedCamera, Room
from testing.waiting import until


@pytest.fixture
def room(store: SiteStore) -> Iterator[Room]:
    room = Room(store).start()
    yield room
    room.stop()


def test_an_open_track_is_erased_and_its_later_tracklets_are_nobody(store: SiteStore, room: Room) -> None:
    camera = PlayedCamera(store)
    camera.sees((1, 0), (2, 0))
    camera.sees((1, 1), (2, 1))
    camera.sees((1, 2), (2, 2))
    until(lambda: len(room.sink.events) == 2)
    ask(store, somebody(1))
    until(lambda: len(room.sink.erasures) == 1)
    assert room.sink.erasures[0].person == somebody(1)
    camera.sees((1, 3), (2, 3))
    camera.sees((3, 0), ended=(1, 2, 3))
    camera.closes()
    until(lambda: len(room.sink.events) == 5)
    later = [(event.kind, event.person) for event in room.sink.events[2:]]
    assert sorted(later) == sorted(
        [("track.ended", somebody(2)), ("person.appeared", somebody(3)), ("track.ended", somebody(3))]
    )
    # The last part and the end; a part that was still on its way when the person was erased may come on top.
    dropped = room.metrics.registry.get_sample_value("reid_erased_tracklets_total")
    assert dropped is not None
    assert 2 <= dropped <= 4
    shown = generate_latest(room.metrics.registry).decode()
    assert 'reid_erasures_total{outcome="erased"} 1.0' in shown
    assert 'reid_events_total{kind="person.erased"} 1.0' in shown


def test_what_waits_in_the_stream_of_an_erased_track_is_nobody_either(store: SiteStore) -> None:
    """A matcher erased and ended; what it had not read yet is decided by the next."""
    camera = PlayedCamera(store)
    camera.sees((1, 0), ended=(1,))
    camera.closes()
    first = Room(store)
    first.matcher.run(until_end=True)
    assert [event.person for event in first.sink.events] == [somebody(1)] * 2
    ask(store, somebody(1))
    again = PlayedCamera(store)
    again.sees((1, 0), ended=(1,))
    again.sees((4, 0), ended=(4,))
    again.closes()
    second = Room(store)
    second.matcher.run(until_end=True)
    assert [event.person for event in second.sink.events] == [somebody(4)] * 2
    assert [erasure.person for erasure in second.sink.erasures] == [somebody(1)]


def test_it_erases_while_too_many_events_wait_to_be_delivered(store: SiteStore) -> None:
    camera = PlayedCamera(store)
    camera.sees((1, 0), (2, 0), ended=(1, 2))
    camera.sees((3, 0), ended=(3,))
    room = Room(store, SiteMatcherParams(RedisConfig(lease_s=0.5, max_outbox=2)), FailingSink())
    room.start()
    until(lambda: store.length(OUTBOX) == 4)
    ask(store, somebody(1))
    until(lambda: bool(list(audit(store))))
    ((_, entry),) = audit(store)
    assert (entry.outcome, entry.tracks, entry.events) == ("erased", 1, 2)
    room.stop()
