"""What a gallery in Redis promises beyond the contract: it survives its matcher, and commits all or nothing."""

import dataclasses

import numpy as np
import pytest

from passerby_events.schema import IdentityEvent
from pipeline.matching.memory import Retention
from pipeline.matching.sightings import Sighting
from pipeline.records import EmbeddedWindow, StreamEntry
from pipeline.store.client import LeaseLost, SiteStore
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.keys import BACKLOG, GROUP, LEASE, MERGED, RECENT, STREAM, person_key, sighting_key
from testing.embeddings import embedding
from testing.redis_desk import RedisDesk
from testing.sightings import ends_at, event, sighting
from testing.site.site_processes import PLAYED_MODEL, SHOP
from testing.site.town import site_windows, undisturbed_events
from testing.site_in_memory import matcher_of


def test_the_next_matcher_knows_the_same_to_the_last_bit(store: SiteStore) -> None:
    desk = RedisDesk(store)
    exact = dataclasses.replace(sighting(1, 10), total=np.array([1 / 3, 2 / 7]), start_s=0.1 + 0.2)
    desk.gallery.commit([exact, sighting(2, 12, person=False)], [event(1)], ends_at(13))
    desk.lease.release()
    again = RedisDesk(store)
    known = again.gallery.known()
    index = known.index(exact.track)
    assert index is not None
    found = known.row(index)
    np.testing.assert_array_equal(found.total, exact.total)
    np.testing.assert_array_equal(found.box, exact.box)
    assert [
        getattr(found, name) for name in ("track", "person", "tracklet_index", "start_s", "end_s", "is_open", "clock")
    ] == [
        getattr(exact, name) for name in ("track", "person", "tracklet_index", "start_s", "end_s", "is_open", "clock")
    ]
    assert again.gallery.decided_until_s == 13.0
    assert again.gallery.run == event(1).run


def test_who_lost_the_lease_writes_nothing(store: SiteStore) -> None:
    frozen = RedisDesk(store)
    frozen.gallery.commit([sighting(1, 10)], [event(1)], ends_at(11))
    store.delete([LEASE])
    heir = RedisDesk(store)
    with pytest.raises(LeaseLost):
        frozen.gallery.commit([sighting(2, 12)], [event(2)], ends_at(13))
    assert len(heir.outbox()) == 1
    store.delete([LEASE])
    assert len(RedisDesk(store).gallery.known()) == 1


def test_a_commit_forgets_the_messages_it_came_from(store: SiteStore) -> None:
    desk = RedisDesk(store)
    writer = EmbeddingWriter(store, "w", ["door"], model_id="m@1")
    writer.write(EmbeddedWindow(10.0, (embedding(1),), ()))
    store.make_group(STREAM, GROUP)
    ((entry_id, _),) = store.entries(STREAM, 10)
    assert store.hash(BACKLOG) == {b"w": b"1"}
    desk.gallery.commit([sighting(1, 10)], [event(1)], ends_at(11, StreamEntry(entry_id, "w")))
    assert store.length(STREAM) == 0
    assert store.hash(BACKLOG) == {}


def test_what_is_forgotten_leaves_redis_too(store: SiteStore) -> None:
    desk = RedisDesk(store, Retention(keep_s=50))
    desk.gallery.commit([sighting(1, 10)], [], ends_at(11))
    desk.gallery.commit([sighting(2, 90)], [], ends_at(91))
    assert store.members(RECENT) == [b"door:r:2"]
    gone = [store.key(sighting_key("door:r:1")), store.key(person_key(sighting(1, 10).person))]
    assert store.hashes(gone) == [{}, {}]


def test_sightings_that_expired_or_are_broken_or_of_another_model_are_passed_over(store: SiteStore) -> None:
    desk = RedisDesk(store)
    other = dataclasses.replace(sighting(3, 12), model_id="n@2")
    desk.gallery.commit([sighting(1, 10), sighting(2, 11)], [], ends_at(12))
    store.delete([sighting_key("door:r:1"), LEASE])
    second = RedisDesk(store)
    assert [str(second.gallery.known().row(0).track)] == ["door/r/2"]
    assert store.members(RECENT) == [b"door:r:2"]
    store.delete([LEASE, sighting_key("door:r:2"), RECENT])
    third = RedisDesk(store)
    third.gallery.commit([other], [], ends_at(13))
    store.delete([LEASE])
    assert len(RedisDesk(store).gallery.known()) == 0


def test_a_matcher_that_starts_again_and_again_decides_and_corrects_the_same(store: SiteStore) -> None:
    for number, window in enumerate(site_windows()):
        if number % 7 == 0:
            store.delete([LEASE])
            desk = RedisDesk(store, Retention(), model_id=PLAYED_MODEL)
            matcher = matcher_of(desk.gallery, SHOP)
        matcher.step(window)
    reported = [event.model_dump_json() for event in desk.outbox()]
    assert reported == [e.model_dump_json() for e in undisturbed_events().values()]


def test_a_track_that_is_moved_leaves_the_tracks_of_who_it_was(store: SiteStore) -> None:
    desk = RedisDesk(store)
    first, second = sighting(1, 10), sighting(2, 11)
    desk.gallery.commit([first, second], [], ends_at(12))
    desk.gallery.commit([moved(second, to=first)], [merge(second, into=first)], ends_at(13))
    tracks = store.hashes([store.key(person_key(each.person)) for each in (first, second)])
    assert [sorted(each) for each in tracks] == [[b"door:r:1", b"door:r:2"], []]
    assert store.hash(MERGED) == {str(second.person).encode(): str(first.person).encode()}


def test_who_was_merged_is_known_for_as_long_as_who_it_is_now(store: SiteStore) -> None:
    desk = RedisDesk(store, Retention(keep_s=50))
    a, b, c = (sighting(track, 10 + track) for track in (1, 2, 3))
    desk.gallery.commit([a, b, c], [], ends_at(14))
    desk.gallery.commit([moved(c, to=b)], [merge(c, into=b)], ends_at(15))
    store.delete([LEASE])
    again = RedisDesk(store, Retention(keep_s=50))
    again.gallery.commit([moved(b, to=a), moved(moved(c, to=b), to=a)], [merge(b, into=a)], ends_at(16))
    names = [str(each.person).encode() for each in (a, b, c)]
    assert store.hash(MERGED) == {names[1]: names[0], names[2]: names[0]}
    again.gallery.commit([], [], ends_at(100))
    assert store.hash(MERGED) == {}


def moved(track: Sighting, *, to: Sighting) -> Sighting:
    return dataclasses.replace(track, person=to.person, revision=track.revision + 1)


def test_former_ids_that_redis_has_lost_are_missed_by_the_next_term(store: SiteStore) -> None:
    desk = RedisDesk(store)
    a, b = sighting(1, 10), sighting(2, 11)
    desk.gallery.commit([a, b], [event(1)], ends_at(12))
    desk.gallery.commit([moved(b, to=a)], [merge(b, into=a)], ends_at(13))
    assert RedisDesk(store, lease=desk.lease).gallery.lost_merges == 0
    store.delete([MERGED])
    assert RedisDesk(store, lease=desk.lease).gallery.lost_merges == 1


def merge(track: Sighting, *, into: Sighting) -> IdentityEvent:
    return event(1).model_copy(update={"kind": "person.merged", "person": into.person, "other": track.person})
