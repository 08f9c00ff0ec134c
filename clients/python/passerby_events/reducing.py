"""Events reduced to what they say in the end: who each track is, and whose tracks are to be forgotten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from passerby_events.errors import EventsError
from passerby_events.schema import Event, sightings_of
from passerby_events.tracks import TrackKey


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """What events say in the end. Tracks come in the order in which they were first told of.

    Attributes:
        persons_by_track: who each track is; tracks of persons who were erased are not among them.
        erased_tracks: the tracks of persons who were erased.
        erased: the persons who were erased.
    """

    persons_by_track: Mapping[TrackKey, UUID]
    erased_tracks: frozenset[TrackKey]
    erased: frozenset[UUID]

    @property
    def persons(self) -> list[UUID]:
        """Everybody there is in the end."""
        return list(dict.fromkeys(self.persons_by_track.values()))


def fold(events: Iterable[Event]) -> Folded:
    """Of the events about a track, those of its highest revision say who it is, in whatever order they come, and as
    often as they come. Who was erased has no tracks, whatever comes later.
    """
    last: dict[TrackKey, tuple[int, UUID]] = {}
    erased: set[UUID] = set()
    for event in events:
        if event.kind == "person.erased":
            erased.add(event.person)
        for seen in sightings_of(event):
            revision, _ = last.setdefault(seen.key, (-1, event.person))
            if seen.revision > revision:
                last[seen.key] = seen.revision, event.person
    return Folded(
        persons_by_track={track: person for track, (_, person) in last.items() if person not in erased},
        erased_tracks=frozenset(track for track, (_, person) in last.items() if person in erased),
        erased=frozenset(erased),
    )


def persons_of_camera(persons_by_track: Mapping[TrackKey, UUID], camera: str) -> dict[int, UUID]:
    """Who each track number of one camera is, for a camera that was started once.

    Raises:
        EventsError: if the events are of two sessions of that camera, so that its track numbers mean two things.
    """
    sessions = sorted({key.session for key in persons_by_track if key.camera == camera})
    if len(sessions) > 1:
        raise EventsError(f"expected events of one session of camera {camera}, found {', '.join(sessions)}")
    return {key.track: person for key, person in persons_by_track.items() if key.camera == camera}
