"""Looks again at the tracks that a window says more about, among those who are near them, and says who is who now."""

from collections import deque
from collections.abc import Iterator, Sequence
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
    Pairs,
    Persons,
    RowMergeSplit,
    Rows,
    compare_pairs,
    find_merge_splits,
)
from pipeline.matching.news import News, is_settled
from pipeline.matching.search import ROUNDING, rows_of
from pipeline.matching.sightings import NOBODY, Sighting, SightingArrays, demanded, person_of
from pipeline.site import Topology

MOST_TRACKS = 32
"""Of one person are weighed, the newest; that nobody is in two places at once holds over all of them."""

COMPARED_KEPT = 8
"""Sets of tracks whose pairs are kept for the next that are looked at among the same ones."""


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
    known: Known, news: News, after: Sequence[Sighting], rules: Rules, params: MergeSplitParams
) -> list[IdentityMergeSplit]:
    """What follows from a window for those who are somebody already, in order.

    Args:
        known: the tracks before the window.
        news: what it says.
        after: the tracks of `news`, row by row, as they are after what was decided of them.
        rules: of the site.
        params: see there.
    """
    if not any(s.person is not None and is_settled(s, params.min_tracklets) for s in after):
        return []
    return list(_MergeSplitPass(_pool(known, news, after, params), rules, params).run())


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Tracks of persons, in order of time.

    Attributes:
        sightings: N of them.
        tracks: the same side by side.
        triggers: (T,) rows of those that the window says more about and that may be looked at again, ascending.
    """

    sightings: list[Sighting]
    tracks: SightingArrays
    triggers: Rows


class _MergeSplitPass:
    """The triggers of one window, and all tracks of the persons near them, as they stand while merges and splits are
    made.
    """

    def __init__(self, pool: _Pool, rules: Rules, params: MergeSplitParams) -> None:
        self._rules = rules
        self._params = params
        self._sightings, self._tracks, self._triggers = pool.sightings, pool.tracks, pool.triggers
        number: dict[UUID, int] = {}
        self._persons = np.array([number.setdefault(person_of(s), len(number)) for s in self._sightings], np.int64)
        self._names = list(number)
        self._tracklets = np.array([s.tracklet_index + 1 for s in self._sightings], np.int64)
        self._revision = np.array([s.revision for s in self._sightings], np.int64)
        self._compared: deque[tuple[Rows, Pairs]] = deque(maxlen=COMPARED_KEPT)
        similarity = self._tracks.vectors[self._triggers] @ self._tracks.vectors.T
        triggers = self._tracks.take_rows(self._triggers)
        self._excess = similarity - demanded(rules.thresholds, triggers, self._tracks)

    def run(self) -> Iterator[IdentityMergeSplit]:
        is_own = self._persons == self._persons[self._triggers, None]
        in_doubt = self._has_others_near(~is_own) | self._is_at_odds(is_own)
        for query in np.flatnonzero(in_doubt).tolist():
            yield from self._find_merge_splits(query)

    def _has_others_near(self, is_other: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(T,): the track might be somebody else, or its person. None of these is missed, but for rounding one may be
        too many.
        """
        is_near = self._excess >= -self._params.margin - ROUNDING
        found: NDArray[np.bool_] = np.logical_or.reduce(is_other & is_near, axis=1)
        return found

    def _is_at_odds(self, is_own: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(T,): the track is unlike one of its own person, or impossible with it; none is missed."""
        query, row = np.nonzero(is_own)
        verdict = verdicts(self._tracks, self._tracks, self._triggers[query], row, self._rules.topology)
        is_hard = (verdict != POSSIBLE) & (verdict != TOO_LATE) & (self._triggers[query] != row)
        is_unlike: NDArray[np.bool_] = self._excess[query, row] < ROUNDING - self._params.split_slack
        return np.bincount(query, weights=is_hard | is_unlike, minlength=len(self._triggers)) > 0

    def _find_merge_splits(self, query: int) -> Iterator[IdentityMergeSplit]:
        """Merges and splits that one track gives reason for; the tracks after it are looked at as they stand then."""
        rows = self._around(query)
        numbers, first, index = np.unique(self._persons[rows], return_index=True, return_inverse=True)
        by_age = np.argsort(first)
        around = Persons(
            persons=np.argsort(by_age)[index],
            pairs=self._pairs_of(rows),
            tracklets=self._tracklets[rows],
            revisions=self._revision[rows],
        )
        persons = numbers[by_age].tolist()
        trigger = int(rows.searchsorted(self._triggers[query]))
        for change in find_merge_splits(around, trigger, self._params):
            moved = self._moved(change, rows, persons)
            if change.target < len(persons) and not self._may_join(moved, persons[change.target], rows):
                return
            yield self._made(change, rows, moved, persons)

    def _around(self, query: int) -> Rows:
        """Tracks of the trigger's person and of those near it, the newest of each."""
        trigger = int(self._triggers[query])
        persons = {int(self._persons[trigger]), *self._persons[self._near(query)].tolist()}
        newest = [self._rows_of(person)[-MOST_TRACKS:] for person in persons]
        return np.unique(np.concatenate([[trigger], *newest]))

    def _near(self, query: int) -> Rows:
        """Tracks within reach of a trigger; where the last digits matter, by the cosine that is always the same."""
        excess, least = self._excess[query], -self._params.margin
        rows = np.flatnonzero(excess >= least - ROUNDING)
        is_sure = excess[rows] >= least + ROUNDING
        if is_sure.all():
            return rows
        trigger, unsure = self._triggers[query : query + 1], rows[~is_sure]
        similarity = np.vecdot(self._tracks.vectors[unsure], self._tracks.vectors[trigger])
        (asked,) = demanded(self._rules.thresholds, self._tracks.take_rows(trigger), self._tracks, unsure)
        is_sure[~is_sure] = similarity - asked >= least
        found: Rows = rows[is_sure]
        return found

    def _pairs_of(self, rows: Rows) -> Pairs:
        """Who comes by together is near the same people: many are looked at among the same tracks as one before."""
        for before, pairs in self._compared:
            if np.array_equal(before, rows):
                return pairs
        pairs = compare_pairs(self._tracks.take_rows(rows), self._rules.topology, self._rules.thresholds)
        self._compared.append((rows, pairs))
        return pairs

    def _rows_of(self, person: int) -> Rows:
        return np.flatnonzero(self._persons == person)

    def _moved(self, change: RowMergeSplit, rows: Rows, persons: Sequence[int]) -> Rows:
        return self._rows_of(persons[change.source]) if change.kind == "merged" else rows[change.rows]

    def _may_join(self, moved: Rows, person: int, weighed: Rows) -> bool:
        """Over all tracks of the person, those too that were too many to be weighed."""
        there = self._rows_of(person)
        if np.isin(np.concatenate((moved, there)), weighed).all():
            return True  # nobody is joined with whom one of the weighed tracks is impossible
        verdict = verdicts(self._tracks, self._tracks, moved[:, None], there, self._rules.topology)
        return bool(((verdict == POSSIBLE) | (verdict == TOO_LATE)).all())

    def _made(self, change: RowMergeSplit, rows: Rows, moved: Rows, persons: list[int]) -> IdentityMergeSplit:
        source = persons[change.source]
        if change.target == len(persons):
            persons.append(len(self._names))
            first = self._sightings[moved[0]]
            self._names.append(person_id(self._rules.site, first.track, first.revision + 1))
        target = persons[change.target]
        self._persons[moved] = target
        self._revision[moved] += 1
        for row in moved:
            before = self._sightings[row]
            self._sightings[row] = replace(before, person=self._names[target], revision=before.revision + 1)
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


def _pool(known: Known, news: News, after: Sequence[Sighting], params: MergeSplitParams) -> _Pool:
    """All tracks of the persons near those who may be looked at again, and of those whom the window says more about, as
    they are now.
    """
    decided = [row for row, sighting in enumerate(after) if sighting.person is not None]
    fresh = {after[row].track: row for row in decided}
    rows = [row for row in _rows_near(known, news, list(fresh.values()), after) if known.row(row).track not in fresh]
    sightings = [*(known.row(row) for row in rows), *(after[row] for row in decided)]
    tracks = news.arrays.take_rows(np.array(decided, np.intp))
    if rows:
        tracks = known.arrays.take_rows(np.array(rows, np.intp)).followed_by(tracks)
    order = sorted(range(len(sightings)), key=lambda i: _by_time(sightings[i]))
    is_trigger = np.array([i >= len(rows) and is_settled(sightings[i], params.min_tracklets) for i in order])
    return _Pool([sightings[i] for i in order], tracks.take_rows(np.array(order)), np.flatnonzero(is_trigger))


def _rows_near(known: Known, news: News, decided: Sequence[int], after: Sequence[Sighting]) -> list[int]:
    """Rows of all known tracks of persons who are near, or of whom the window says more."""
    persons = known.arrays.persons
    numbers = (known.number(person_of(after[row])) for row in decided)
    changed = np.array([number for number in numbers if number is not None], np.int64)
    chosen = np.union1d(persons[news.near_settled], changed)
    rows: list[int] = rows_of(persons, chosen[chosen != NOBODY]).tolist()
    return rows


def _by_time(sighting: Sighting) -> tuple[float, TrackKey]:
    return sighting.start_s, sighting.track
