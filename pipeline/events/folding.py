"""Events folded into what they say in the end: who each track is."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pipeline.evaluation_errors import EvaluationError
from pipeline.events.schema import Event
from pipeline.records import TrackKey


def persons_by_track(events: Iterable[Event]) -> dict[TrackKey, UUID]:
    """Who each track is; the last event about a track says it. Who was erased has no tracks, whatever comes later."""
    person_of: dict[TrackKey, UUID] = {}
    erased: set[UUID] = set()
    for event in events:
        if event.kind == "person.erased":
            erased.add(event.person)
        else:
            person_of[event.seen.key] = event.person
    return {track: person for track, person in person_of.items() if person not in erased}


def persons_of_camera(person_of: Mapping[TrackKey, UUID], camera: str) -> dict[int, UUID]:
    """Who each track number of one camera is, for a camera that was started once.

    Raises:
        EvaluationError: if the events are of two runs of that camera, so that its track numbers mean two things.
    """
    runs = sorted({key.run for key in person_of if key.camera == camera})
    if len(runs) > 1:
        raise EvaluationError(f"expected events of one run of camera {camera}, found the runs {', '.join(runs)}")
    return {key.track: person for key, person in person_of.items() if key.camera == camera}
