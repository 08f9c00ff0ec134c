"""What every gallery promises; run over all of them, Redis on a real server."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id
from pipeline.events.memory import MemorySink
from pipeline.matching.gallery import Gallery
from pipeline.matching.memory import MemoryGallery, Retention
from pipeline.matching.sightings import NOBODY, Sighting
from pipeline.store.client import SiteStore
from testing.redis_desk import RedisDesk
from testing.sightings import ends_at, event, sighting

Published = Callable[[], Sequence[IdentityEvent]]
Shop = tuple[Gallery, Published]
RETENTION = Retention(keep_s=100.0, max_tracks=5)


@pytest.fixture(params=["memory", "redis", "redis cluster"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A gallery, and what it has handed on."""
    if request.param == "memory":
        sink = MemorySink()
        return MemoryGallery(sink, RETENTION), lambda: sink.events
    fixture = "store" if request.param == "redis" else "cluster_store"
    store: SiteStore = request.getfixturevalue(fixture)
    desk = RedisDesk(store, RETENTION)
    return desk.gallery, desk.outbox


def persons(gallery: Gallery) -> set[UUID | None]:
    known = gallery.known()
    return {known.row(index).person for index in range(len(known.arrays))}


def test_a_new_gallery_knows_nobody(shop: Shop) -> None:
    gallery, published = shop
    assert len(gallery.known().arrays) == 0
    assert gallery.known().index(TrackKey("door", "r", 1)) is None
    assert not published()


def test_what_was_committed_is_known_and_its_events_are_handed_on_in_order(shop: Shop) -> None:
    gallery, published = shop
    gallery.commit([sighting(1, 10), sighting(2, 11)], [event(2), event(1)], ends_at(12))
    known = gallery.known()
    index = known.index(TrackKey("door", "r", 2))
    assert index is not None
    assert known.row(index).person == person_id("shop", TrackKey("door", "r", 2))
    assert known.person(int(known.arrays.persons[index])) == known.row(index).person
    assert known.cameras[known.arrays.cameras[index]] == "door"
    np.testing.assert_allclose(known.arrays.vectors[index], [1, 0])
    assert [each.event_id for each in published()] == [event(2).event_id, event(1).event_id]


def test_a_sighting_replaces_what_was_known_of_its_track(shop: Shop) -> None:
    gallery, _ = shop
    gallery.commit([sighting(1, 10, person=False)], [], ends_at(12))
    assert gallery.known().arrays.persons.tolist() == [NOBODY]
    gallery.commit([sighting(1, 20, angle=90, tracklet_index=1)], [], ends_at(22))
    known = gallery.known()
    assert len(known.arrays) == 1
    assert known.row(0).tracklet_index == 1
    np.testing.assert_allclose(known.arrays.vectors[0], [0, 1], atol=1e-6)
    assert known.arrays.end_s.tolist() == [20]


def test_the_run_is_that_of_the_first_event(shop: Shop) -> None:
    gallery, _ = shop
    gallery.commit([sighting(1, 10, person=False)], [], ends_at(12))
    assert gallery.run is None
    gallery.commit([sighting(1, 10)], [event(1)], ends_at(13))
    gallery.commit([sighting(2, 11)], [], ends_at(14))
    assert gallery.run == event(1).run


def test_committing_the_same_again_changes_nothing(shop: Shop) -> None:
    gallery, _ = shop
    for _ in range(2):
        gallery.commit([sighting(1, 10), sighting(2, 11)], [], ends_at(12))
    assert len(gallery.known().arrays) == 2


def test_who_was_seen_too_long_ago_is_forgotten(shop: Shop) -> None:
    gallery, _ = shop
    gallery.commit([sighting(1, 10), sighting(2, 60)], [], ends_at(61))
    gallery.commit([], [], ends_at(111))
    assert persons(gallery) == {person_id("shop", TrackKey("door", "r", 2))}


def test_the_tracks_seen_longest_ago_make_room(shop: Shop) -> None:
    gallery, _ = shop
    for track in range(1, 9):
        gallery.commit([sighting(track, float(track))], [], ends_at(float(track)))
    assert persons(gallery) == {person_id("shop", TrackKey("door", "r", track)) for track in range(4, 9)}


def test_vectors_of_two_models_never_meet(shop: Shop) -> None:
    gallery, _ = shop
    gallery.commit([sighting(1, 10)], [], ends_at(12))
    other = sighting(2, 11)
    changed = Sighting(**{name: getattr(other, name) for name in Sighting.__slots__} | {"model_id": "n@2"})
    with pytest.raises(ValueError, match="holds vectors of m@1, found one of n@2"):
        gallery.commit([changed], [], ends_at(12))


def test_tracks_move_from_one_person_to_another(shop: Shop) -> None:
    gallery, published = shop
    first, second, third = sighting(1, 10), sighting(2, 11), sighting(3, 12)
    assert first.person is not None
    assert second.person is not None
    gallery.commit([first, second, replace(third, person=second.person)], [], ends_at(13))
    gallery.commit([replace(second, person=first.person, revision=1)], [event(2)], ends_at(14))
    known = gallery.known()
    index = known.index(second.track)
    assert index is not None
    assert (known.row(index).person, known.row(index).revision) == (first.person, 1)
    numbers = {track.track: known.arrays.persons[known.index(track)] for track in (first.track, second.track)}
    assert set(numbers.values()) == {known.number(first.person)}
    assert persons(gallery) == {first.person, second.person}
    gallery.commit([replace(third, person=first.person, revision=1)], [], ends_at(15))
    assert gallery.known().number(second.person) is None
    assert persons(gallery) == {first.person}
    assert [each.event_id for each in published()] == [event(2).event_id]


def test_who_was_moved_is_forgotten_like_everybody(shop: Shop) -> None:
    gallery, _ = shop
    gallery.commit([sighting(1, 10), sighting(2, 60)], [], ends_at(61))
    gallery.commit([replace(sighting(2, 60), person=sighting(1, 10).person, revision=1)], [], ends_at(62))
    gallery.commit([], [], ends_at(111))
    assert persons(gallery) == {sighting(1, 10).person}
    gallery.commit([], [], ends_at(161))
    assert persons(gallery) == set()
