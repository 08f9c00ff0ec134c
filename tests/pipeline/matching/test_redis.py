"""What a gallery in Redis promises beyond the contract: it survives its matcher, and commits all or nothing."""

import dataclasses

import numpy as np
import pytest

from pipeline.embedding_stream import BACKLOG, STREAM, EmbeddingWriter
from pipeline.matching.memory import Retention
from pipeline.records import EmbeddedWindow
from pipeline.redis_store import LeaseLost, SiteStore
from pipeline.window_join import Entry
from tests.contracts.test_gallery_contract import event, sighting
from tests.pipeline.matching.redis_desk import RedisDesk
from tests.pipeline.test_embedding_messages import embedding


def test_the_next_matcher_knows_the_same_to_the_last_bit(store: SiteStore) -> None:
    desk = RedisDesk(store)
    exact = dataclasses.replace(sighting(1, 10), total=np.array([1 / 3, 2 / 7]), start_s=0.1 + 0.2)
    desk.gallery.commit([exact, sighting(2, 12, person=False)], [event(1)], 13)
    desk.lease.release()
    again = RedisDesk(store)
    known = again.gallery.known()
    index = known.index(exact.track)
    assert index is not None
    found = known.row(index)
    np.testing.assert_array_equal(found.total, exact.total)
    np.testing.assert_array_equal(found.box, exact.box)
    assert [getattr(found, name) for name in ("track", "person", "part", "start_s", "end_s", "is_open", "clock")] == [
        getattr(exact, name) for name in ("track", "person", "part", "start_s", "end_s", "is_open", "clock")
    ]
    assert again.gallery.last_window == 0


def test_who_lost_the_lease_writes_nothing(store: SiteStore) -> None:
    frozen = RedisDesk(store)
    frozen.gallery.commit([sighting(1, 10)], [event(1)], 11)
    store.delete(["lease"])
    heir = RedisDesk(store)
    frozen.next_window()
    with pytest.raises(LeaseLost):
        frozen.gallery.commit([sighting(2, 12)], [event(2)], 13)
    assert len(heir.outbox()) == 1
    store.delete(["lease"])
    assert len(RedisDesk(store).gallery.known()) == 1


def test_a_commit_forgets_the_messages_it_came_from(store: SiteStore) -> None:
    desk = RedisDesk(store)
    writer = EmbeddingWriter(store, "w", ["door"], model_id="m@1")
    writer.write(EmbeddedWindow(10.0, (embedding(1),), ()))
    store.make_group(STREAM, "matchers")
    ((entry_id, _),) = store.entries(STREAM, 10)
    assert store.hash(BACKLOG) == {b"w": b"1"}
    desk.next_window([Entry(entry_id, "w")])
    desk.gallery.commit([sighting(1, 10)], [event(1)], 11)
    assert store.length(STREAM) == 0
    assert store.hash(BACKLOG) == {}


def test_what_is_forgotten_leaves_redis_too(store: SiteStore) -> None:
    desk = RedisDesk(store, Retention(keep_s=50))
    desk.gallery.commit([sighting(1, 10)], [], 11)
    desk.next_window()
    desk.gallery.commit([sighting(2, 90)], [], 91)
    assert store.members("recent") == [b"door:r:2"]
    gone = [store.key("sighting:door:r:1"), store.key(f"person:{sighting(1, 10).person}")]
    assert store.hashes(gone) == [{}, {}]


def test_sightings_that_expired_or_are_broken_or_of_another_model_are_passed_over(store: SiteStore) -> None:
    desk = RedisDesk(store)
    other = dataclasses.replace(sighting(3, 12), model_id="n@2")
    desk.gallery.commit([sighting(1, 10), sighting(2, 11)], [], 12)
    store.delete(["sighting:door:r:1", "lease"])
    second = RedisDesk(store)
    assert [str(second.gallery.known().row(0).track)] == ["door/r/2"]
    assert store.members("recent") == [b"door:r:2"]
    store.delete(["lease", "sighting:door:r:2", "recent"])
    third = RedisDesk(store)
    third.gallery.commit([other], [], 13)
    store.delete(["lease"])
    assert len(RedisDesk(store).gallery.known()) == 0
