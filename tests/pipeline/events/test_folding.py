from collections.abc import Iterable, Sequence
from random import Random
from uuid import UUID

import pytest

from pipeline.events.folding import erased_tracks, persons_by_track, persons_in_order
from pipeline.events.schema import Event, IdentityEvent
from testing.pipeline_events import an_erasure, an_event
from testing.site.town import undisturbed_events


def about(track: int, person: int, revision: int = 0) -> IdentityEvent:
    event = an_event()
    seen = event.seen.model_copy(update={"track": track, "revision": revision})
    return event.model_copy(update={"person": UUID(int=person), "seen": seen})


def moving(tracks: Sequence[int], person: int, other: int, revision: int) -> IdentityEvent:
    seen = [about(track, person, revision).seen for track in tracks]
    return about(tracks[0], person, revision).model_copy(update={"other": UUID(int=other), "moved": tuple(seen)})


def folded(events: Iterable[Event]) -> dict[int, int]:
    return {key.track: int(person) for key, person in persons_by_track(events).items()}


def test_the_highest_revision_of_a_track_says_who_it_is() -> None:
    events = [about(1, 7), about(2, 8), moving([1, 2], 9, 7, 1), about(2, 8)]
    assert folded(events) == folded(reversed(events)) == {1: 9, 2: 9}


def test_the_order_between_partitions_does_not_matter() -> None:
    """Whatever a site decided and took back, and however the partitions' messages fall between each other."""
    events = list(undisturbed_events().values())
    expected = persons_by_track(events)
    partitions = [[e for e in events if int(e.person) % 4 == number] for number in range(4)]
    chance = Random(1)
    for _ in range(50):
        order = [number for number, partition in enumerate(partitions) for _ in partition]
        chance.shuffle(order)
        queues = [iter(partition) for partition in partitions]
        assert persons_by_track(next(queues[number]) for number in order) == expected


def test_a_consumer_of_a_part_of_the_events_is_never_wrong_about_what_it_has_not_heard() -> None:
    """Each revision of a track names one person, so what is known of a track is what was said last, or an earlier."""
    person_at: dict[tuple[object, int], UUID] = {}
    for event in undisturbed_events().values():
        for seen in (event.seen, *event.moved):
            assert person_at.setdefault((seen.key, seen.revision), event.person) == event.person


def test_persons_come_in_the_order_of_their_first_tracks() -> None:
    assert [int(p) for p in persons_in_order([about(2, 8), about(1, 7), moving([2], 9, 8, 1)])] == [9, 7]


def test_who_was_erased_has_no_tracks_whatever_comes_later() -> None:
    assert folded([about(1, 7), about(2, 8), an_erasure(UUID(int=7)), about(3, 7)]) == {2: 8}


@pytest.mark.parametrize("turn", [1, -1])
def test_the_tracks_of_an_erased_person_are_those_that_were_moved_to_it_too(turn: int) -> None:
    events: list[Event] = [about(1, 7), about(2, 8), moving([2], 7, 8, 1), about(3, 8), an_erasure(UUID(int=7))]
    assert {key.track for key in erased_tracks(events[::turn])} == {1, 2}
    assert folded(events[::turn]) == {3: 8}
