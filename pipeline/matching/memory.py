"""A gallery in memory: the embedded default, and the mirror that search multiplies.

Rows lie densely in arrays that grow by doubling; a row that is forgotten is overwritten by the last one, so the cost
of a search follows the tracks that live, never those that were forgotten.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from passerby_events.schema import IdentityEvent, PersonErased
from passerby_events.tracks import TrackKey
from pipeline.events.sink import EventSink
from pipeline.matching.search import searchable_zeros
from pipeline.matching.sightings import NOBODY, Sighting, SightingArrays
from pipeline.records import EmbeddedWindow


@dataclass(frozen=True, slots=True)
class Retention:
    """
    Attributes:
        keep_s: a track is forgotten this long after it was last seen; longer recognises people who come back later,
            and keeps biometric data longer.
        max_tracks: never remember more; the tracks seen longest ago go first.
    """

    keep_s: float = 4 * 3600.0
    max_tracks: int = 200_000

    def __post_init__(self) -> None:
        if self.keep_s <= 0 or self.max_tracks <= 0:
            raise ValueError(f"keep_s and max_tracks must be above 0, found {self.keep_s} and {self.max_tracks}")


class SightingTable:
    """Sightings by track, with their arrays kept alongside. All of one model."""

    def __init__(self) -> None:
        self.cameras: list[str] = []
        self._camera_number: dict[str, int] = {}
        self._person_number: dict[UUID, int] = {}
        self._person_of: dict[int, UUID] = {}
        self._tracks_of_person: dict[int, int] = {}
        self._free_numbers: list[int] = []
        self._rows: list[Sighting] = []
        self._row_of: dict[TrackKey, int] = {}
        self._room: SightingArrays | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def persons(self) -> int:
        """How many persons have a track here."""
        return len(self._person_number)

    @property
    def arrays(self) -> SightingArrays:
        room, n = self._room, len(self._rows)
        if room is None:
            return _room(0, 0)
        return SightingArrays(*(getattr(room, column)[:n] for column in SightingArrays.__slots__))

    def row(self, index: int) -> Sighting:
        return self._rows[index]

    def index(self, track: TrackKey) -> int | None:
        return self._row_of.get(track)

    def person(self, number: int) -> UUID:
        """Numbers of persons who are forgotten are given again, so they stay as low as the crowd is large."""
        return self._person_of[number]

    def number(self, person: UUID) -> int | None:
        return self._person_number.get(person)

    def put(self, sighting: Sighting) -> None:
        """Adds a track, or replaces what was known of it.

        Raises:
            ValueError: if the sighting is of another model than those in the table.
        """
        if self._rows and self._rows[0].model_id != sighting.model_id:
            raise ValueError(f"the gallery holds vectors of {self._rows[0].model_id}, found one of {sighting.model_id}")
        index = self._row_of.get(sighting.track)
        if index is None:
            index = len(self._rows)
            self._row_of[sighting.track] = index
            self._rows.append(sighting)
            self._grow(len(sighting.total))
        else:
            self._leave(self._rows[index].person)
            self._rows[index] = sighting
        self._fill(index, sighting)

    def forget(self, index: int) -> None:
        """Removes a row; the last row takes its place."""
        gone, last = self._rows[index], self._rows.pop()
        del self._row_of[gone.track]
        if last is not gone:
            self._rows[index] = last
            self._row_of[last.track] = index
            self._copy_row(len(self._rows), index)
        self._leave(gone.person)

    def _fill(self, index: int, sighting: Sighting) -> None:
        room = self._room
        assert room is not None
        room.vectors[index] = sighting.descriptor
        room.persons[index] = NOBODY if sighting.person is None else self._join(sighting.person)
        room.cameras[index] = self._camera(sighting.track.camera)
        room.extra[index] = sighting.extra
        room.start_s[index], room.end_s[index] = sighting.start_s, sighting.end_s
        room.still_there[index] = sighting.is_open

    def _copy_row(self, source: int, target: int) -> None:
        room = self._room
        assert room is not None
        for column in SightingArrays.__slots__:
            values = getattr(room, column)
            values[target] = values[source]

    def _grow(self, dimensions: int) -> None:
        room, n = self._room, len(self._rows)
        if room is not None and n <= len(room):
            return
        larger = _room(max(64, 2 * n), dimensions)
        if room is not None:
            for column in SightingArrays.__slots__:
                getattr(larger, column)[: n - 1] = getattr(room, column)[: n - 1]
        self._room = larger

    def _camera(self, name: str) -> int:
        number = self._camera_number.setdefault(name, len(self.cameras))
        if number == len(self.cameras):
            self.cameras.append(name)
        return number

    def _join(self, person: UUID) -> int:
        number = self._person_number.get(person)
        if number is None:
            number = self._free_numbers.pop() if self._free_numbers else len(self._person_number)
            self._person_number[person] = number
            self._person_of[number] = person
        self._tracks_of_person[number] = self._tracks_of_person.get(number, 0) + 1
        return number

    def _leave(self, person: UUID | None) -> None:
        if person is None:
            return
        number = self._person_number[person]
        self._tracks_of_person[number] -= 1
        if not self._tracks_of_person[number]:
            del self._tracks_of_person[number], self._person_number[person], self._person_of[number]
            self._free_numbers.append(number)


def _room(rows: int, dimensions: int) -> SightingArrays:
    return SightingArrays(
        vectors=searchable_zeros(rows, dimensions),
        persons=np.full(rows, NOBODY, np.int64),
        cameras=np.zeros(rows, np.int64),
        extra=np.zeros(rows),
        start_s=np.zeros(rows),
        end_s=np.zeros(rows),
        still_there=np.zeros(rows, np.bool_),
    )


class MemoryGallery:
    """Remembers in this process, and hands events to a sink at once.

    Attributes:
        run: id of the run; None until there was an event.
        merged: who those are now who turned out to be others.
    """

    def __init__(self, sink: EventSink, retention: Retention | None = None) -> None:
        self.run: UUID | None = None
        self.merged: dict[UUID, UUID] = {}
        self._table = SightingTable()
        self._sink = sink
        self._retention = retention or Retention()

    def known(self) -> SightingTable:
        return self._table

    def commit(self, sightings: Sequence[Sighting], events: Sequence[IdentityEvent], window: EmbeddedWindow) -> None:
        for sighting in sightings:
            self._table.put(sighting)
        for event in events:
            self.run = event.run
            self._sink.publish(event)
        for index in past_retention(self._table.arrays, self._retention, window.end_s):
            self._table.forget(int(index))
        self.merged |= merges_of(events, self.merged)
        for old in [old for old, new in self.merged.items() if self._table.number(new) is None]:
            del self.merged[old]

    def tracks_of(self, persons: Collection[UUID]) -> set[TrackKey]:
        rows = (self._table.row(index) for index in range(len(self._table)))
        return {row.track for row in rows if row.person in persons}

    def erase(self, tracks: Collection[TrackKey], events: Sequence[PersonErased]) -> None:
        """Forgets tracks, and hands on what tells others to. Between two commits."""
        rows = sorted((row for track in tracks if (row := self._table.index(track)) is not None), reverse=True)
        for row in rows:
            self._table.forget(row)
        for event in events:
            self._sink.publish(event)


def merges_of(events: Iterable[IdentityEvent], merged: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """What is new about who those are now who turned out to be others.

    Args:
        merged: what was known about that; each of them in one step.
    """
    news: dict[UUID, UUID] = {}
    for event in events:
        if event.kind == "person.merged":
            olds = [old for old, new in {**merged, **news}.items() if new == event.other]
            news |= dict.fromkeys((*olds, event.other), event.person)
    return news


def past_retention(arrays: SightingArrays, retention: Retention, now_s: float) -> NDArray[np.intp]:
    """Rows to forget, from the last to the first, so that removing one leaves the others where they are."""
    past = arrays.end_s < now_s - retention.keep_s
    surplus = len(arrays) - int(past.sum()) - retention.max_tracks
    if surplus > 0:
        end_s = np.where(past, np.inf, arrays.end_s)
        last_s = np.partition(end_s, surplus - 1)[surplus - 1]
        past |= end_s < last_s
        past[np.flatnonzero(end_s == last_s)[: surplus - int((end_s < last_s).sum())]] = True
    return np.flatnonzero(past)[::-1]
