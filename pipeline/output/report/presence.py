"""Events as people and their stays: who was in which camera from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from passerby_events.reducing import fold
from passerby_events.schema import EventSighting, IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.output.person_labels import Colour, person_colours


@dataclass(frozen=True, slots=True)
class Stay:
    """One track of one person.

    Attributes:
        seen: the sighting by which the track got its name.
        start_s: when the track was first seen, seconds since the epoch.
        end_s: when it was last seen, as far as the events tell.
    """

    seen: EventSighting
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody.

    Attributes:
        person: the identity.
        colour: as in the videos.
        stays: in order of time; one at least.
    """

    person: UUID
    colour: Colour
    stays: tuple[Stay, ...]

    @property
    def cameras(self) -> tuple[str, ...]:
        """Where this person was, in the order of the first visit."""
        return tuple(dict.fromkeys(stay.seen.camera for stay in self.stays))

    @property
    def start_s(self) -> float:
        return self.stays[0].start_s

    @property
    def end_s(self) -> float:
        return max(stay.end_s for stay in self.stays)


def people(events: Sequence[IdentityEvent]) -> list[Person]:
    """Everybody whom the events name in the end, in the order of their first appearance."""
    folded = fold(events)
    stays: dict[UUID, dict[TrackKey, Stay]] = {}
    for event in events:
        tracks = stays.setdefault(folded.persons_by_track[event.seen.key], {})
        stay = tracks.get(event.seen.key, Stay(event.seen, event.seen.start, event.seen.end))
        tracks[event.seen.key] = replace(
            stay, start_s=min(stay.start_s, event.seen.start), end_s=max(stay.end_s, event.seen.end)
        )
    colours = person_colours(folded.persons)
    found = [
        Person(person, colours[person], tuple(sorted(tracks.values(), key=lambda stay: (stay.start_s, stay.seen.key))))
        for person, tracks in stays.items()
    ]
    return sorted(found, key=lambda person: (person.start_s, person.person))


def shared_persons(persons: Sequence[Person], cameras: Sequence[str]) -> NDArray[np.int64]:
    """(C, C): how many persons each two cameras both saw; on the diagonal, how many each saw."""
    saw = np.array([[camera in person.cameras for camera in cameras] for person in persons], np.int64)
    saw = saw.reshape(len(persons), len(cameras))
    return saw.T @ saw
