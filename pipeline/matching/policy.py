"""Who is who: the decision, as a pure function of arrays.

Constraints come first. What is impossible (two tracks of one camera at one time, a walk faster than anybody walks)
is never weighed against similarity. Then a similarity that exceeds its threshold, and the next person by a margin.
Then one to one: the tracks that compete within one batch are assigned together (Hungarian), never first come, first
served.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from pipeline.matching.sightings import NOBODY, SightingArrays
from pipeline.site import Topology

NEW = -1
"""`Decision.person` of a track that nobody known was recognised in."""


class Verdict(IntEnum):
    """Whether two tracks may be one person."""

    POSSIBLE = 0
    SAME_CAMERA_SAME_TIME = 1
    TWO_CAMERAS_AT_ONCE = 2
    TOO_FAST = 3
    TOO_LATE = 4


@dataclass(frozen=True, slots=True)
class MatchParams:
    """
    Attributes:
        threshold: a track is somebody known from this cosine on, unless a calibration says otherwise; higher splits
            one person into several, lower takes two persons for one.
        same_camera_extra: two tracks of one camera must be more similar by this much, because they share light and
            background: strangers look more alike in one camera than in two.
        margin: the best person must exceed the next one by this much, in cosine; otherwise the decision waits for
            more of the track.
        hesitation: a track that misses the threshold by no more than this waits too, before it is taken for somebody
            new: the first crops of a track are often its worst.
        decide_after_parts: an unclear track is decided at this part at the latest, or when it ends.
        rivals: how many of the others an event names.
    """

    threshold: float = 0.6
    same_camera_extra: float = 0.15
    margin: float = 0.02
    hesitation: float = 0.1
    decide_after_parts: int = 3
    rivals: int = 3

    def __post_init__(self) -> None:
        if not -1 <= self.threshold <= 1 or min(self.same_camera_extra, self.margin, self.hesitation, self.rivals) < 0:
            raise ValueError(
                "expected a threshold in [-1, 1], and same_camera_extra, margin, hesitation and rivals of at least 0, "
                f"found {self.threshold}, {self.same_camera_extra}, {self.margin}, {self.hesitation} and {self.rivals}"
            )
        if self.decide_after_parts < 1:
            raise ValueError(f"expected decide_after_parts of at least 1, found {self.decide_after_parts}")


@dataclass(frozen=True, slots=True)
class Rival:
    """Somebody else a track was compared with: number of the person, cosine, and what ruled the person out."""

    person: int
    similarity: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of one track of the batch.

    Attributes:
        query: row of the track in the batch.
        person: number of the person it is; `NEW` for one that came with this batch.
        row: the known track it was recognised by; -1 if none.
        peer: the track of this batch, decided earlier, it was recognised by instead; -1 if none. Neither row nor
            peer: nobody was recognised in it, and it is the first track of a new person.
        similarity: cosine to that track; None for a new person.
        margin: how far the next person is behind, in cosine above threshold; None if there is nobody else.
        threshold: the cosine that was demanded; None for a new person.
        rivals: the most similar others.
    """

    query: int
    person: int
    row: int
    peer: int
    similarity: float | None
    margin: float | None
    threshold: float | None
    rivals: tuple[Rival, ...]


def verdicts(
    a: SightingArrays, b: SightingArrays, i: NDArray[np.intp], j: NDArray[np.intp], site: Topology
) -> NDArray[np.int64]:
    """(K,) `Verdict`: may track a[i[k]] and track b[j[k]] be one person, for each k."""
    a_first = a.start_s[i] <= b.start_s[j]
    camera_a, camera_b = a.cameras[i], b.cameras[j]
    same_camera = camera_a == camera_b
    end_first_s = np.where(a_first, a.end_s[i], b.end_s[j])
    still_there = np.where(a_first, a.still_there[i], b.still_there[j])
    gap_s = np.where(a_first, b.start_s[j], a.start_s[i]) - end_first_s
    gap_s = np.where(same_camera & still_there, -np.inf, gap_s)
    way = np.where(a_first, camera_a, camera_b), np.where(a_first, camera_b, camera_a)
    least_s, most_s = site.min_gap_s[way], site.max_gap_s[way]
    too_soon = np.where(
        same_camera,
        Verdict.SAME_CAMERA_SAME_TIME,
        np.where(gap_s < 0, Verdict.TWO_CAMERAS_AT_ONCE, Verdict.TOO_FAST),
    )
    found = np.where(gap_s > most_s, int(Verdict.TOO_LATE), int(Verdict.POSSIBLE))
    return np.where(gap_s < least_s, too_soon, found).astype(np.int64)


def decide(
    batch: SightingArrays,
    known: SightingArrays,
    site: Topology,
    thresholds: NDArray[np.float64],
    params: MatchParams,
    must_decide: NDArray[np.bool_],
) -> list[Decision]:
    """Decides a batch of tracks.

    Args:
        batch: the tracks to decide, in order of time; their `persons` are not read.
        known: the tracks whose person is known (rows of `NOBODY` are passed over).
        site: matrices over the cameras' numbers, which both share.
        thresholds: (C, C) float64, the cosine demanded between two cameras.
        params: see there.
        must_decide: (Q,) bool, tracks that cannot wait.

    Returns:
        A decision for each track that is decided, in the order in which they were taken; the others wait.
    """
    return _Round(batch, known, site, thresholds, params).run(must_decide)


class _Round:
    """One batch being decided: persons are columns, known ones first, those of this batch behind them."""

    def __init__(
        self,
        batch: SightingArrays,
        known: SightingArrays,
        site: Topology,
        thresholds: NDArray[np.float64],
        params: MatchParams,
    ) -> None:
        self._params = params
        self._batch = batch
        self._thresholds = thresholds
        n = len(batch)
        first, second = np.divmod(np.arange(n * n), n) if n else (np.empty(0, np.intp),) * 2
        self._peer_similarity = batch.vectors @ batch.vectors.T
        self._peer_verdict = verdicts(batch, batch, first, second, site).reshape(n, n)
        self._peer_excess = self._peer_similarity - thresholds[batch.cameras[:, None], batch.cameras[None, :]]
        self._persons, self._excess, self._verdict, self._row = _against_known(batch, known, site, thresholds, params)
        self._similarity = np.full(self._excess.shape, -np.inf)
        has_row = self._row >= 0
        rows = self._row[has_row]
        pair_thresholds = thresholds[batch.cameras[np.nonzero(has_row)[0]], known.cameras[rows]]
        self._similarity[has_row] = self._excess[has_row] + pair_thresholds
        self._peer = np.full(self._excess.shape, -1, np.intp)

    def run(self, must_decide: NDArray[np.bool_]) -> list[Decision]:
        decisions: list[Decision] = []
        open_ = np.ones(len(self._batch), np.bool_)
        while open_.any():
            matched = self._assign(open_, must_decide)
            if not matched:
                newcomer = self._newcomer(open_, must_decide)
                if newcomer is None:
                    break
                matched = [(newcomer, self._add_person())]
                decisions.append(self._decision(newcomer, NEW))
            else:
                decisions += [self._decision(query, column) for query, column in matched]
            for query, column in matched:
                open_[query] = False
                self._join(query, column)
        return decisions

    def _possible(self) -> NDArray[np.float64]:
        return np.where(self._verdict == Verdict.POSSIBLE, self._excess, -np.inf)

    def _margins(self, possible: NDArray[np.float64]) -> NDArray[np.float64]:
        """(Q, P): how far each person is ahead of the best of the others."""
        if possible.shape[1] < 2:
            return np.full(possible.shape, np.inf)
        top = np.partition(possible, -2, axis=1)[:, -2:]
        rival = np.where(possible == top[:, 1:], top[:, :1], top[:, 1:])
        with np.errstate(invalid="ignore"):
            return np.where(np.isneginf(rival), np.inf, possible - rival)

    def _assign(self, open_: NDArray[np.bool_], must_decide: NDArray[np.bool_]) -> list[tuple[int, int]]:
        possible = self._possible()
        clear = self._margins(possible) >= self._params.margin
        eligible = (possible >= 0) & open_[:, None] & (clear | must_decide[:, None])
        queries, columns = np.flatnonzero(eligible.any(axis=1)), np.flatnonzero(eligible.any(axis=0))
        if not len(queries):
            return []
        block = np.ix_(queries, columns)
        gain = np.where(eligible[block], 1.0 + possible[block], 0.0)
        rows, cols = linear_sum_assignment(gain, maximize=True)
        return [(int(queries[r]), int(columns[c])) for r, c in zip(rows, cols, strict=True) if gain[r, c] > 0]

    def _newcomer(self, open_: NDArray[np.bool_], must_decide: NDArray[np.bool_]) -> int | None:
        """The first open track that is nobody known; one that is merely unclear waits if it may."""
        is_unclear = (self._possible() >= -self._params.hesitation).any(axis=1)
        ready = np.flatnonzero(open_ & (~is_unclear | must_decide))
        return int(ready[0]) if len(ready) else None

    def _add_person(self) -> int:
        n, column = len(self._batch), len(self._persons)
        self._persons = np.append(self._persons, NEW)
        self._excess = np.column_stack([self._excess, np.full(n, -np.inf)])
        self._similarity = np.column_stack([self._similarity, np.full(n, -np.inf)])
        self._verdict = np.column_stack([self._verdict, np.zeros(n, np.int64)])
        self._row = np.column_stack([self._row, np.full(n, -1, np.intp)])
        self._peer = np.column_stack([self._peer, np.full(n, -1, np.intp)])
        return column

    def _join(self, query: int, column: int) -> None:
        """The person of a column is seen in one more track: what is impossible with it, is with the person."""
        verdict = self._peer_verdict[query]
        hard = (verdict != Verdict.POSSIBLE) & (verdict != Verdict.TOO_LATE)
        self._verdict[hard, column] = verdict[hard]
        excess = np.where(verdict == Verdict.TOO_LATE, -np.inf, self._peer_excess[query])
        nearer = excess > self._excess[:, column]
        self._excess[nearer, column] = excess[nearer]
        self._similarity[nearer, column] = self._peer_similarity[query][nearer]
        self._row[nearer, column] = -1
        self._peer[nearer, column] = query
        late = self._verdict[:, column] == Verdict.TOO_LATE
        self._verdict[late & (verdict == Verdict.POSSIBLE), column] = Verdict.POSSIBLE

    def _decision(self, query: int, column: int) -> Decision:
        rivals = self._rivals(query, column)
        if column == NEW:
            return Decision(query, NEW, -1, -1, None, None, None, rivals)
        possible = self._possible()[query]
        others = np.delete(possible, column)
        ahead = possible[column] - others.max(initial=-np.inf)
        similarity = float(self._similarity[query, column])
        return Decision(
            query=query,
            person=int(self._persons[column]),
            row=int(self._row[query, column]),
            peer=int(self._peer[query, column]),
            similarity=similarity,
            margin=float(ahead) if np.isfinite(ahead) else None,
            threshold=similarity - float(self._excess[query, column]),
            rivals=rivals,
        )

    def _rivals(self, query: int, column: int) -> tuple[Rival, ...]:
        similarity = self._similarity[query].copy()
        similarity[self._persons == NEW] = -np.inf
        if column >= 0:
            similarity[column] = -np.inf
        order = np.argsort(-similarity, kind="stable")[: self._params.rivals]
        return tuple(
            Rival(int(self._persons[c]), float(similarity[c]), Verdict(int(self._verdict[query, c])))
            for c in order
            if np.isfinite(similarity[c])
        )


def _against_known(
    batch: SightingArrays,
    known: SightingArrays,
    site: Topology,
    thresholds: NDArray[np.float64],
    params: MatchParams,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], NDArray[np.intp]]:
    """Persons (P,) near anyone of the batch, and (Q, P) excess over the threshold, verdict and nearest row.

    Only persons within reach of the threshold are looked at closer: whoever is further off than margin and hesitation
    can neither be the match nor make it unclear.
    """
    similarity = batch.vectors @ known.vectors.T if len(known) else np.empty((len(batch), 0), np.float32)
    reach = np.float32(thresholds.min(initial=1.0) - max(params.margin, params.hesitation))
    near = (similarity >= reach).any(axis=0) & (known.persons != NOBODY)
    persons = np.unique(known.persons[near])
    rows = np.flatnonzero(np.isin(known.persons, persons))
    shape = (len(batch), len(persons))
    if not len(rows):
        return persons, np.full(shape, -np.inf), np.zeros(shape, np.int64), np.full(shape, -1, np.intp)
    query, index = np.divmod(np.arange(len(batch) * len(rows)), len(rows))
    row = rows[index]
    verdict = verdicts(batch, known, query, row, site)
    excess = similarity[query, row] - thresholds[batch.cameras[query], known.cameras[row]]
    cell = query * len(persons) + np.searchsorted(persons, known.persons[row])
    return persons, *_by_person(cell, excess, verdict, row, shape)


def _by_person(
    cell: NDArray[np.intp],
    excess: NDArray[np.float64],
    verdict: NDArray[np.int64],
    row: NDArray[np.intp],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.intp]]:
    """The nearest track of each person; one track that is impossible makes the person impossible.

    A walk that took too long speaks against one track only: the person may have been seen elsewhere since.
    """
    is_late = verdict == Verdict.TOO_LATE
    order = np.lexsort((row, -excess, is_late, cell))
    cells, first = np.unique(cell[order], return_index=True)
    best = order[first]
    flat_excess = np.full(shape[0] * shape[1], -np.inf)
    flat_row = np.full(shape[0] * shape[1], -1, np.intp)
    flat_verdict = np.zeros(shape[0] * shape[1], np.int64)
    flat_excess[cells], flat_row[cells], flat_verdict[cells] = excess[best], row[best], verdict[best]
    is_hard = (verdict != Verdict.POSSIBLE) & ~is_late
    flat_verdict[cell[is_hard]] = verdict[is_hard]
    return flat_excess.reshape(shape), flat_verdict.reshape(shape), flat_row.reshape(shape)
