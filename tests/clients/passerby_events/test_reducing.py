from collections.abc import Iterable
from random import Random
from uuid import UUID

import pytest

from passerby_events.reducing import fold
from passerby_events.schema import Event, sightings_of
from testing.events import a_match, a_merge, an_erasure
from testing.site.town import undisturbed_events


def about(track: int, person: int) -> Event:
    return a_match(track, UUID(int=person))


def merging(*tracks: int, person: int, other: int) -> Event:
    return a_merge(*tracks, person=UUID(int=person), other=UUID(int=other))


def folded(events: Iterable[Event]) -> dict[int, int]:
    return {key.track: int(person) for key, person in fold(events).persons_by_track.items()}


def test_the_highest_revision_of_a_track_says_who_it_is() -> None:
    events = [about(1, 7), about(2, 8), merging(1, 2, person=9, other=7), about(2, 8)]
    assert folded(events) == folded(reversed(events)) == {1: 9, 2: 9}


def test_the_order_between_partitions_does_not_matter() -> None:
    """Whatever a site decided and took back, and however the partitions' messages fall between each other."""
    events = list(undisturbed_events().values())
    expected = fold(events).persons_by_track
    partitions = [[e for e in events if int(e.person) % 4 == number] for number in range(4)]
    chance = Random(1)
    for _ in range(50):
        order = [number for number, partition in enumerate(partitions) for _ in partition]
        chance.shuffle(order)
        queues = [iter(partition) for partition in partitions]
        assert fold(next(queues[number]) for number in order).persons_by_track == expected


def test_a_consumer_of_a_part_of_the_events_is_never_wrong_about_what_it_has_not_heard() -> None:
    """Each revision of a track names one person, so what is known of a track is what was said last, or an earlier."""
    person_at: dict[tuple[object, int], UUID] = {}
    for event in undisturbed_events().values():
        for seen in sightings_of(event):
            assert person_at.setdefault((seen.key, seen.revision), event.person) == event.person


def test_persons_come_in_the_order_of_their_first_tracks() -> None:
    events = [about(2, 8), about(1, 7), merging(2, person=9, other=8)]
    assert [int(person) for person in fold(events).persons] == [9, 7]


def test_who_was_erased_has_no_tracks_whatever_comes_later() -> None:
    assert folded([about(1, 7), about(2, 8), an_erasure(UUID(int=7)), about(3, 7)]) == {2: 8}


@pytest.mark.parametrize("step", [1, -1])
def test_the_tracks_of_an_erased_person_are_those_that_were_moved_to_it_too(step: int) -> None:
    gone = UUID(int=7)
    events = [about(1, 7), about(2, 8), merging(2, person=7, other=8), about(3, 8), an_erasure(gone)][::step]
    assert {key.track for key in fold(events).erased_tracks} == {1, 2}
    assert fold(events).erased == {gone}
    assert folded(events) == {3: 8}


def test_nothing_folds_to_nothing() -> None:
    assert folded([]) == {}
