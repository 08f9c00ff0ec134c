from uuid import UUID

from pipeline.events.folding import persons_by_track
from pipeline.events.schema import IdentityEvent
from tests.pipeline.events.test_schema import an_erasure, an_event


def about(track: int, person: int) -> IdentityEvent:
    event = an_event()
    return event.model_copy(update={"person": UUID(int=person), "seen": event.seen.model_copy(update={"track": track})})


def test_the_last_event_about_a_track_says_who_it_is() -> None:
    persons = persons_by_track([about(1, 7), about(2, 8), about(1, 9)])
    assert {key.track: int(person) for key, person in persons.items()} == {1: 9, 2: 8}


def test_who_was_erased_has_no_tracks_whatever_comes_later() -> None:
    persons = persons_by_track([about(1, 7), about(2, 8), an_erasure(UUID(int=7)), about(3, 7)])
    assert {key.track: int(person) for key, person in persons.items()} == {2: 8}
