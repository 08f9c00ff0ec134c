"""What was decided too early: tracks that are not who they were taken for, and persons who are one.

A track is decided by its first tracklets, against the tracks of then. When more is known, all pairs of tracks count:
two persons are one if their tracks agree on average, and a track leaves its person if it disagrees with the others on
average. The mean over all pairs and not the nearest pair: early decisions make chains of a crowd, in which each is like
the next, and the first unlike the last.

Constraints come first here too: persons who were at two places at once are never joined, and what turns out to be
impossible is taken apart, however alike it looks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from passerby_events.reasons import NearerToAnother, OperatorVerdict, Unlike
from pipeline.matching.constraints import POSSIBLE, TOO_LATE, Impossibility, explain, verdicts
from pipeline.matching.sightings import SightingArrays, demanded
from pipeline.site import Topology

Rows = NDArray[np.intp]
SplitReason = Impossibility | Unlike | NearerToAnother | OperatorVerdict


@dataclass(frozen=True, slots=True)
class MergeSplitParams:
    """
    Attributes:
        merge_extra: two persons are one if the mean cosine of their tracks exceeds what is demanded by this much.
        split_slack: tracks leave their person if their mean cosine to the others misses what is demanded by more than
            this. The gap between the two keeps merges and splits from swinging to and fro.
        move_extra: tracks go over to another person if they are nearer to that one by this much.
        margin: the best person must exceed the next one by this much.
        min_tracklets: nothing but an impossibility is corrected on fewer tracklets than this on either side.
        max_revisions: a track that was moved this often leaves its person no more.
    """

    merge_extra: float = 0.0
    split_slack: float = 0.1
    move_extra: float = 0.1
    margin: float = 0.02
    min_tracklets: int = 2
    max_revisions: int = 4

    def __post_init__(self) -> None:
        if min(self.split_slack, self.move_extra, self.margin) < 0 or self.merge_extra <= -self.split_slack:
            raise ValueError(
                "expected split_slack, move_extra and margin of at least 0 and merge_extra above -split_slack, "
                f"found {self.split_slack}, {self.move_extra}, {self.margin} and {self.merge_extra}"
            )
        if self.min_tracklets < 1 or self.max_revisions < 0:
            raise ValueError(
                f"expected min_tracklets of at least 1 and max_revisions of at least 0, found {self.min_tracklets} and "
                f"{self.max_revisions}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What holds between each two of R tracks, whoever they are.

    Attributes:
        tracks: the R; their `persons` are not read.
        site: the cameras' ways.
        similarity: (R, R) float64, cosine.
        demanded: (R, R) float64, what is demanded between the two cameras.
        excess: (R, R) float64, by how much the one exceeds the other.
        verdict: (R, R) `Verdict`; that of a track and itself is `POSSIBLE`.
    """

    tracks: SightingArrays
    site: Topology
    similarity: NDArray[np.float64]
    demanded: NDArray[np.float64]
    excess: NDArray[np.float64]
    verdict: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """Tracks of some persons, in order of time.

    Attributes:
        persons: (R,) int64, of each track; numbered from 0 in the order of their first tracks.
        pairs: of the tracks.
        tracklets: (R,) int64, of how many tracklets each is known.
        revisions: (R,) int64, how often each was moved before.
    """

    persons: NDArray[np.int64]
    pairs: Pairs
    tracklets: NDArray[np.int64]
    revisions: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How tracks agree with those of a person.

    Attributes:
        person: number of the person.
        similarity: mean cosine over all pairs.
        threshold: mean of what is demanded of them.
    """

    person: int
    similarity: float
    threshold: float

    @property
    def excess(self) -> float:
        return self.similarity - self.threshold


@dataclass(frozen=True, slots=True)
class Leaving:
    """Why tracks leave a person, and the mean cosine over all pairs of them and those that stay."""

    reason: SplitReason
    similarity: float


@dataclass(frozen=True, slots=True, eq=False)
class RowMergeSplit:
    """Tracks that are somebody else from now on.

    Attributes:
        kind: `merged`: all tracks of a person; `split`: some of them.
        rows: (K,) the tracks that move, in order of time.
        source: number of the person they were.
        target: number of the person they are; one that no track has is somebody new.
        joined: how they agree with the target; None if that is somebody new.
        margin: how far the next person is behind, in cosine above threshold; None if there is nobody else.
        nearest: of the tracks that move and of the target, the two that are most alike; None for somebody new.
        left: of a split: why, and how they agree with the tracks that stay.
    """

    kind: Literal["merged", "split"]
    rows: Rows
    source: int
    target: int
    joined: Agreement | None = None
    margin: float | None = None
    nearest: tuple[int, int] | None = None
    left: Leaving | None = None


def compare_pairs(tracks: SightingArrays, site: Topology, thresholds: NDArray[np.float64]) -> Pairs:
    """Compares each two tracks.

    Args:
        tracks: R of them; their `persons` are not read.
        site: matrices over the cameras' numbers.
        thresholds: (C, C) float64, the cosine demanded between two cameras.
    """
    each = np.arange(len(tracks))
    vectors = tracks.vectors.astype(np.float64)
    similarity = vectors @ vectors.T
    least = demanded(thresholds, tracks, tracks)
    verdict = verdicts(tracks, tracks, each[:, None], each[None, :], site)
    np.fill_diagonal(verdict, POSSIBLE)
    return Pairs(tracks, site, similarity, least, similarity - least, verdict)


def find_merge_splits(persons: Persons, trigger: int, params: MergeSplitParams) -> list[RowMergeSplit]:
    """The merges and splits that a track gives reason for, now that more of it is known.

    Args:
        persons: the track's own, and those near it.
        trigger: row of the track.
        params: see there.

    Returns:
        In the order in which they are to be made.
    """
    return _MergeSplitSearch(persons, params).run(trigger)


class _MergeSplitSearch:
    """The persons around one track, while they are being looked at again."""

    def __init__(self, persons: Persons, params: MergeSplitParams) -> None:
        pairs = persons.pairs
        self._pairs = pairs
        self._params = params
        self._tracklets = persons.tracklets
        self._revisions = persons.revisions.copy()
        self._persons = persons.persons.copy()
        self._similarity, self._demanded, self._excess = pairs.similarity, pairs.demanded, pairs.excess
        self._verdict = pairs.verdict
        self._is_late = self._verdict == TOO_LATE
        self._is_impossible = (self._verdict != POSSIBLE) & ~self._is_late

    def run(self, trigger: int) -> list[RowMergeSplit]:
        found: list[RowMergeSplit] = []
        for find in (self._impossibility, self._dissent, self._union):
            if (change := find(trigger)) is not None:
                self._persons[change.rows] = change.target
                self._revisions[change.rows] += 1
                found.append(change)
        return found

    def _together(self, row: int) -> Rows:
        return np.flatnonzero(self._persons == self._persons[row])

    def _impossibility(self, trigger: int) -> RowMergeSplit | None:
        """Takes a person apart who would be in two places: every other track goes with the one that it is nearer to."""
        together = self._together(trigger)
        against = self._is_impossible[trigger, together]
        if not against.any():
            return None
        to_others = self._excess[np.ix_(together, together[against])].mean(axis=1)
        is_impossible = self._is_impossible[np.ix_(together, together[against])].any(axis=1)
        is_side = ~against & ((self._excess[together, trigger] > to_others) | is_impossible)
        is_side[together == trigger] = True
        leave, stay = _lesser_first(together[is_side], together[~is_side])
        if not self._may_leave(leave):
            return None
        tracks = self._pairs.tracks
        (why,) = explain(tracks, tracks, np.array([trigger]), together[against][:1], self._pairs.site)
        return self._parted(leave, stay, self._best(leave), why)

    def _dissent(self, trigger: int) -> RowMergeSplit | None:
        """Takes the track, and those that are nearer to it than to the rest, out of a person whom they are unlike."""
        together = self._together(trigger)
        if len(together) < 2:
            return None
        excess = self._excess[np.ix_(together, together)]
        np.fill_diagonal(excess, 0.0)
        to_trigger = excess[:, together == trigger][:, 0]
        to_rest = (excess.sum(axis=1) - to_trigger) / max(1, len(together) - 2)
        is_side = (to_trigger > to_rest) & (len(together) > 2)
        is_side[together == trigger] = True
        side, rest = together[is_side], together[~is_side]
        if not self._are_known_well(side, rest):
            return None
        own, params = self._agreement(side, rest), self._params
        best = self._best(side)
        if best is not None and best.agreement.excess >= own.excess + params.move_extra and self._may_leave(side):
            lead = best.agreement.excess - own.excess
            return self._parted(side, rest, best, NearerToAnother(lead=lead, min_lead=params.move_extra))
        leave, stay = _lesser_first(side, rest)
        if own.excess < -params.split_slack and self._may_leave(leave):
            least = own.threshold - params.split_slack
            reason = Unlike(similarity=own.similarity, min_similarity=least)
            return self._parted(leave, stay, best if leave is side else self._best(leave), reason)
        return None

    def _parted(self, leave: Rows, stay: Rows, best: "_Best | None", reason: SplitReason) -> RowMergeSplit:
        source = int(self._persons[leave[0]])
        left = Leaving(reason, self._agreement(leave, stay).similarity)
        if best is None:
            return RowMergeSplit("split", leave, source, int(self._persons.max()) + 1, left=left)
        return self._joined("split", leave, best, left)

    def _union(self, trigger: int) -> RowMergeSplit | None:
        """Joins the track's person with another if they are each other's best; the one seen first gives the name."""
        ours = self._together(trigger)
        best = self._best(ours, extra=self._params.merge_extra)
        if best is None:
            return None
        theirs = np.flatnonzero(self._persons == best.agreement.person)
        back = self._best(theirs, extra=self._params.merge_extra)
        if back is None or back.agreement.person != self._persons[trigger] or not self._are_known_well(ours, theirs):
            return None
        return self._joined("merged", theirs, back) if ours[0] < theirs[0] else self._joined("merged", ours, best)

    def _joined(
        self, kind: Literal["merged", "split"], rows: Rows, best: "_Best", left: Leaving | None = None
    ) -> RowMergeSplit:
        there = np.flatnonzero(self._persons == best.agreement.person)
        nearest = self._excess[np.ix_(rows, there)]
        row, near = np.unravel_index(int(nearest.argmax()), nearest.shape)
        source, target = int(self._persons[rows[0]]), best.agreement.person
        pair = int(rows[row]), int(there[near])
        return RowMergeSplit(kind, rows, source, target, best.agreement, best.margin, pair, left)

    def _may_leave(self, rows: Rows) -> bool:
        return bool((self._revisions[rows] < self._params.max_revisions).all())

    def _are_known_well(self, some: Rows, others: Rows) -> bool:
        return bool(min(self._tracklets[some].sum(), self._tracklets[others].sum()) >= self._params.min_tracklets)

    def _agreement(self, rows: Rows, others: Rows) -> Agreement:
        block = np.ix_(rows, others)
        person = int(self._persons[others[0]])
        return Agreement(person, float(self._similarity[block].mean()), float(self._demanded[block].mean()))

    def _best(self, rows: Rows, extra: float = 0.0) -> "_Best | None":
        """Whom tracks agree with best of all others who are possible: clearly, and by so much at least."""
        persons = self._persons
        counts = np.bincount(persons)
        is_possible = np.bincount(persons[~self._is_late[rows].all(axis=0)], minlength=len(counts)) > 0
        is_possible[persons[self._is_impossible[rows].any(axis=0)]] = False
        is_possible[persons[rows[0]]] = False
        excess = np.bincount(persons, weights=self._excess[rows].mean(axis=0)) / np.maximum(counts, 1)
        possible = np.argsort(np.where(is_possible, -excess, np.inf), kind="stable")[: int(is_possible.sum())]
        if not len(possible) or excess[possible[0]] < extra:
            return None
        margin = float(excess[possible[0]] - excess[possible[1]]) if len(possible) > 1 else None
        if margin is not None and margin < self._params.margin:
            return None
        return _Best(self._agreement(rows, np.flatnonzero(persons == possible[0])), margin)


@dataclass(frozen=True, slots=True)
class _Best:
    """The person whom tracks agree with best, and how far the next one is behind."""

    agreement: Agreement
    margin: float | None


def _lesser_first(some: Rows, others: Rows) -> tuple[Rows, Rows]:
    """The smaller part of a person first; of equal ones, that which came later."""
    return (some, others) if (len(some), -some[0]) < (len(others), -others[0]) else (others, some)
