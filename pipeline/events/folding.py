"""Events folded into what they say in the end: who each track is."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pipeline.events.schema import Event, IdentityEvent
from pipeline.events.sink import EventSinkError
from pipeline.records import TrackKey


def persons_by_track(events: Iterable[Event]) -> dict[TrackKey, UUID]:
    """Who each track is: of the events about a track, those of its highest revision say it, in whatever order they
    come. Who was erased has no tracks, whatever comes later.
    """
    person_of, erased = _fold(events)
    return {track: person for track, person in person_of.items() if person not in erased}


def erased_tracks(events: Iterable[Event]) -> set[TrackKey]:
    """The tracks of persons who were erased."""
    person_of, erased = _fold(events)
    return {track for track, person in person_of.items() if person in erased}


def _fold(events: Iterable[Event]) -> tuple[dict[TrackKey, UUID], set[UUID]]:
    """Who each track is, and who was erased."""
    person_of: dict[TrackKey, tuple[int, UUID]] = {}
    erased: set[UUID] = set()
    for event in events:
        if event.kind == "person.erased":
            erased.add(event.person)
            continue
        for seen in (event.seen, *event.moved):
            revision, _ = person_of.get(seen.key, (-1, None))
            if seen.revision > revision:
                person_of[seen.key] = seen.revision, event.person
    return {track: person for track, (_, person) in person_of.items()}, erased


def persons_in_order(events: Sequence[IdentityEvent]) -> list[UUID]:
    """Everybody there is in the end, in the order in which their tracks were first told of."""
    person_of = persons_by_track(events)
    return list(dict.fromkeys(person_of[event.seen.key] for event in events))


def persons_of_camera(person_of: Mapping[TrackKey, UUID], camera: str) -> dict[int, UUID]:
    """Who each track number of one camera is, for a camera that was started once.

    Raises:
        EventSinkError: if the events are of two runs of that camera, so that its track numbers mean two things.
    """
    runs = sorted({key.run for key in person_of if key.camera == camera})
    if len(runs) > 1:
        raise EventSinkError(f"expected events of one run of camera {camera}, found the runs {', '.join(runs)}")
    return {key.track: person for key, person in person_of.items() if key.camera == camera}
