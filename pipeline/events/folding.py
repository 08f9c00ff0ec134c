"""Events folded into what they say in the end: who each track is."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from pipeline.evaluation_errors import EvaluationError
from pipeline.events.schema import IdentityEvent
from pipeline.records import TrackKey


def persons_by_track(events: Iterable[IdentityEvent]) -> dict[TrackKey, UUID]:
    """Who each track is; the last event about a track says it."""
    return {event.seen.key: event.person for event in events}


def persons_of_camera(person_of: Mapping[TrackKey, UUID], camera: str) -> dict[int, UUID]:
    """Who each track number of one camera is, for a camera that was started once.

    Raises:
        EvaluationError: if the events are of two runs of that camera, so that its track numbers mean two things.
    """
    runs = sorted({key.run for key in person_of if key.camera == camera})
    if len(runs) > 1:
        raise EvaluationError(f"expected events of one run of camera {camera}, found the runs {', '.join(runs)}")
    return {key.track: person for key, person in person_of.items() if key.camera == camera}
