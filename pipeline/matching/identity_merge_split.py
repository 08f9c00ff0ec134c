"""Looks again at the tracks that a window says more about, among those who are near them, and says who is who now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.events.ids import person_id
from pipeline.matching.constraints import POSSIBLE, TOO_LATE, verdicts
from pipeline.matching.gallery import Known
from pipeline.matching.merge_split import (
    Agreement,
    Leaving,
    MergeSplitParams,
    Persons,
    RowMergeSplit,
    find_merge_splits,
)
from pipeline.matching.search import ROUNDING, rows_of, rows_within_reach
from pipeline.matching.sightings import NOBODY, Sighting, SightingArrays, person_of, side_by_side
from pipeline.site import Topology

MOST_TRACKS = 32
"""Of one person are weighed, the newest; that nobody is in two places at once holds over all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What holds between the cameras of a site.

    Attributes:
        site: its name.
        cameras: names of cameras by number.
        topology: matrices over these numbers.
        thresholds: (C, C) float64, the cosine demanded between two cameras.
    """

    site: str
    cameras: Sequence[str]
    topology: Topology
    thresholds: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class IdentityMergeSplit:
    """A merge or split of tracks by name; see `RowMergeSplit`.

    Attributes:
        moved: the tracks, as they are now; in order of time.
        person: who they are.
        other: who they were.
        nearest: of `moved` and of the person's tracks, the two that are most alike; None for somebody new.
    """

    kind: Literal["merged", "split"]
    moved: tuple[Sighting, ...]
    person: UUID
    other: UUID
    joined: Agreement | None
    margin: float | None
    nearest: tuple[Sighting, Sighting] | None
    left: Leaving | None


def merge_and_split(
    known: Known, changed: Mapping[TrackKey, Sighting], rules: Rules, params: MergeSplitParams
) -> list[IdentityMergeSplit]:
    """What follows from a window for those who are somebody already, in order.

    Args:
        known: the tracks before the window.
        changed: those that it says something about, as they are after it, decisions included.
        rules: of the site.
        params: see there.
    """
    decided = [s for s in changed.values() if s.person is not None]
    triggers = sorted(
        (s for s in decided if s.tracklet_index + 1 >= params.min_tracklets or not s.is_open), key=_by_time
    )
    return list(_MergeSplitPass(known, decided, triggers, rules, params).run()) if triggers else []


class _MergeSplitPass:
    """The triggers of one window, and all tracks of the persons near them, as they stand while merges and splits are
    made.
    """

    def __init__(
        self,
        known: Known,
        decided: Sequence[Sighting],
        triggers: Sequence[Sighting],
        rules: Rules,
        params: MergeSplitParams,
    ) -> None:
        self._rules = rules
        self._params = params
        self._sightings, self._tracks = _pool(known, decided, triggers, rules, params)
        number: dict[UUID, int] = {}
        self._persons = np.array([number.setdefault(person_of(s), len(number)) for s in self._sightings], np.int64)
        self._names = list(number)
        index = {s.track: i for i, s in enumerate(self._sightings)}
        self._triggers = np.array([index[s.track] for s in triggers], np.intp)
        similarity = self._tracks.vectors[self._triggers] @ self._tracks.vectors.T
        cameras = self._tracks.cameras
        self._excess = similarity - rules.thresholds[cameras[self._triggers, None], cameras]

    def run(self) -> Iterator[IdentityMergeSplit]:
        in_doubt = self._has_others_near() | self._is_at_odds()
        for query in np.flatnonzero(in_doubt).tolist():
            yield from self._find_merge_splits(query)

    def _has_others_near(self) -> NDArray[np.bool_]:
        """(T,): the track might be somebody else, or its person. None of these is missed, but for rounding one may be
        too many.
        """
        is_other = self._persons != self._persons[self._triggers, None]
        found: NDArray[np.bool_] = (is_other & (self._excess >= -self._params.margin - ROUNDING)).any(axis=1)
        return found

    def _is_at_odds(self) -> NDArray[np.bool_]:
        """(T,): the track is unlike one of its own person, or impossible with it; none is missed."""
        query, row = np.nonzero(self._persons == self._persons[self._triggers, None])
        verdict = verdicts(self._tracks, self._tracks, self._triggers[query], row, self._rules.topology)
        is_hard = (verdict != POSSIBLE) & (verdict != TOO_LATE) & (self._triggers[query] != row)
        is_unlike = self._excess[query, row] < ROUNDING - self._params.split_slack
        return np.bincount(query, weights=is_hard | is_unlike, minlength=len(self._triggers)) > 0

    def _find_merge_splits(self, query: int) -> Iterator[IdentityMergeSplit]:
        """Merges and splits that one track gives reason for; the tracks after it are looked at as they stand then."""
        rows = self._around(query)
        numbers, first, index = np.unique(self._persons[rows], return_index=True, return_inverse=True)
        by_age = np.argsort(first)
        around = Persons(
            tracks=replace(self._tracks.take_rows(rows), persons=np.argsort(by_age)[index]),
            tracklets=np.array([self._sightings[row].tracklet_index + 1 for row in rows]),
            revisions=np.array([self._sightings[row].revision for row in rows]),
        )
        persons = numbers[by_age].tolist()
        trigger = int(np.flatnonzero(rows == self._triggers[query])[0])
        for change in find_merge_splits(around, trigger, self._rules.topology, self._rules.thresholds, self._params):
            moved = self._moved(change, rows, persons)
            if change.target < len(persons) and not self._may_join(moved, persons[change.target]):
                return
            yield self._made(change, rows, moved, persons)

    def _around(self, query: int) -> NDArray[np.intp]:
        """Tracks of the trigger's person and of those near it, the newest of each, in order of time."""
        trigger, params = self._triggers[query], self._params
        maybe = np.flatnonzero(self._excess[query] >= -params.margin - ROUNDING)
        similarity = np.vecdot(self._tracks.vectors[maybe], self._tracks.vectors[trigger])
        cameras = self._tracks.cameras
        is_near = similarity - self._rules.thresholds[cameras[trigger], cameras[maybe]] >= -params.margin
        persons = {int(self._persons[trigger]), *self._persons[maybe[is_near]].tolist()}
        found = {int(trigger)}
        for person in persons:
            found.update(self._in_order(self._rows_of(person))[-MOST_TRACKS:])
        return np.array(self._in_order(found), np.intp)

    def _rows_of(self, person: int) -> list[int]:
        rows: list[int] = np.flatnonzero(self._persons == person).tolist()
        return rows

    def _in_order(self, rows: Iterable[int]) -> list[int]:
        return sorted(rows, key=lambda row: _by_time(self._sightings[row]))

    def _moved(self, change: RowMergeSplit, rows: NDArray[np.intp], persons: Sequence[int]) -> list[int]:
        if change.kind == "merged":
            return self._in_order(self._rows_of(persons[change.source]))
        return [int(row) for row in rows[change.rows]]

    def _may_join(self, moved: Sequence[int], person: int) -> bool:
        """Over all tracks of the person, those too that were too many to be weighed."""
        there = np.array(self._rows_of(person))
        verdict = verdicts(self._tracks, self._tracks, np.array(moved)[:, None], there, self._rules.topology)
        return bool(((verdict == POSSIBLE) | (verdict == TOO_LATE)).all())

    def _made(
        self, change: RowMergeSplit, rows: NDArray[np.intp], moved: Sequence[int], persons: list[int]
    ) -> IdentityMergeSplit:
        source = persons[change.source]
        if change.target == len(persons):
            persons.append(len(self._names))
            first = self._sightings[moved[0]]
            self._names.append(person_id(self._rules.site, first.track, first.revision + 1))
        target = persons[change.target]
        for row in moved:
            before = self._sightings[row]
            self._sightings[row] = replace(before, person=self._names[target], revision=before.revision + 1)
            self._persons[row] = target
        pair = None if change.nearest is None else [self._sightings[row] for row in rows[list(change.nearest)]]
        return IdentityMergeSplit(
            kind=change.kind,
            moved=tuple(self._sightings[row] for row in moved),
            person=self._names[target],
            other=self._names[source],
            joined=change.joined,
            margin=change.margin,
            nearest=None if pair is None else (pair[0], pair[1]),
            left=change.left,
        )


def _pool(
    known: Known,
    decided: Sequence[Sighting],
    triggers: Sequence[Sighting],
    rules: Rules,
    params: MergeSplitParams,
) -> tuple[list[Sighting], SightingArrays]:
    """All tracks of the persons near the triggers, and of those whom the window says more about, as they are now."""
    arrays, queries = known.arrays, np.stack([s.descriptor for s in triggers])
    near = rows_within_reach(queries, arrays.vectors, float(rules.thresholds.min()) - params.margin)
    numbers = (known.number(person_of(s)) for s in decided)
    changed = np.array([number for number in numbers if number is not None], np.int64)
    persons = np.union1d(arrays.persons[near], changed)
    fresh = {s.track for s in decided}
    now = side_by_side(decided, rules.cameras)
    rows = rows_of(arrays.persons, persons[persons != NOBODY])
    if not len(rows):
        return list(decided), now
    rows = rows[[known.row(row).track not in fresh for row in rows.tolist()]]
    others = arrays.take_rows(rows)
    sightings = [*(known.row(row) for row in rows.tolist()), *decided]
    return sightings, SightingArrays(
        *(np.concatenate([getattr(others, field), getattr(now, field)]) for field in SightingArrays.__slots__)
    )


def _by_time(sighting: Sighting) -> tuple[float, TrackKey]:
    return sighting.start_s, sighting.track
