"""Who is who: the decision, as a pure function of arrays.

Constraints come first. What is impossible (two tracks of one camera at one time, a walk faster than anybody walks)
is never weighed against similarity. Then a similarity that exceeds its threshold, and the next person by a margin.
Then one to one: the tracks that compete within one batch are assigned together (Hungarian), never first come, first
served.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import expit

from pipeline.matching.constraints import POSSIBLE, TOO_LATE, Impossibility, explain, verdicts
from pipeline.matching.nearby import persons_near
from pipeline.matching.search import cosines
from pipeline.matching.sightings import SightingArrays, demanded
from pipeline.site import Topology

Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]
NEW = -1
"""`Decision.person` of a track that nobody known was recognised in."""
USUAL_THRESHOLD = 0.6
"""The cosine that is demanded where nobody says one, not even the encoder."""


@dataclass(frozen=True, slots=True)
class MatchParams:
    """
    Attributes:
        threshold: a track is somebody known from this cosine on, unless a calibration says otherwise; higher splits
            one person into several, lower takes two persons for one. None: what the encoder suggests.
        same_camera_extra: two tracks of one camera must be more similar by this much, because they share light and
            background: strangers look more alike in one camera than in two.
        margin: the best person must exceed the next one by this much, in cosine; otherwise the decision waits for
            more of the track.
        deferral_band: a track that misses the threshold by no more than this waits too, before it is taken for somebody
            new: the first crops of a track are often its worst.
        decide_after_tracklets: an unclear track is decided at this tracklet at the latest, or when it ends.
        runners_up: how many of the others an event names.
        slope, even: of the probability in events, where nothing is calibrated: by how much its log-odds rise with the
            cosine, and the cosine at which it is a half where the threshold is demanded and no more. None: what the
            encoder's card says; where that is silent too, events have none.
    """

    threshold: float | None = None
    same_camera_extra: float = 0.15
    margin: float = 0.02
    deferral_band: float = 0.1
    decide_after_tracklets: int = 3
    runners_up: int = 3
    slope: float | None = None
    even: float | None = None

    def __post_init__(self) -> None:
        if not -1 <= self.demanded <= 1:
            raise ValueError(f"expected a threshold in [-1, 1], found {self.demanded}")
        if min(self.same_camera_extra, self.margin, self.deferral_band, self.runners_up) < 0:
            raise ValueError(
                "expected same_camera_extra, margin, deferral_band and runners_up of at least 0, "
                f"found {self.same_camera_extra}, {self.margin}, {self.deferral_band} and {self.runners_up}"
            )
        if self.decide_after_tracklets < 1:
            raise ValueError(f"expected decide_after_tracklets of at least 1, found {self.decide_after_tracklets}")

    def probability(self, similarity: float, demanded: float) -> float | None:
        """That two are one person, if both were equally likely beforehand; None: nothing is known of that.

        Args:
            similarity: cosine.
            demanded: of these two; the more it is above the threshold, the more alike strangers are.
        """
        if self.slope is None or self.even is None:
            return None
        return float(expit(self.slope * (similarity - self.even - (demanded - self.demanded))))

    @property
    def demanded(self) -> float:
        """The threshold, where no calibration says another."""
        return USUAL_THRESHOLD if self.threshold is None else self.threshold


@dataclass(frozen=True, slots=True)
class RunnerUpRow:
    """Somebody else a track was compared with: number of the person, cosine, and what ruled the person out."""

    person: int
    similarity: float
    ruled_out_by: Impossibility | None


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
        rejected: of the best who was possible and is not this person, in cosine above threshold (below: negative);
            None if there was nobody.
        runners_up: the most similar others.
    """

    query: int
    person: int
    row: int
    peer: int
    similarity: float | None
    margin: float | None
    threshold: float | None
    rejected: float | None
    runners_up: tuple[RunnerUpRow, ...]


def decide(
    batch: SightingArrays,
    known: SightingArrays,
    site: Topology,
    thresholds: NDArray[np.float64],
    params: MatchParams,
    must_decide: NDArray[np.bool_],
    found: NDArray[np.intp],
    may_be_new: NDArray[np.bool_] | None = None,
) -> list[Decision]:
    """Decides a batch of tracks.

    Args:
        batch: the tracks to decide, in order of time; their `persons` are not read.
        known: the tracks whose person is known (rows of `NOBODY` are passed over).
        site: matrices over the cameras' numbers, which both share.
        thresholds: (C, C) float64, the cosine demanded between two cameras.
        params: see there.
        must_decide: (Q,) bool, tracks that cannot wait.
        found: rows of `known` within `reach_of` of any of the batch, none left out.
        may_be_new: (Q,) bool, tracks of which enough can be seen to tell that they are nobody known; None: all.

    Returns:
        A decision for each track that is decided, in the order in which they were taken; the others wait.
    """
    everybody = np.ones(len(batch), np.bool_)
    may_be_new = everybody if may_be_new is None else may_be_new
    return _Round(batch, known, site, thresholds, params, found, may_be_new).run(must_decide)


def reach_of(thresholds: NDArray[np.float64], params: MatchParams) -> float:
    """Cosine from which on a known track matters: others can neither be the match nor make it unclear."""
    return float(thresholds.min(initial=1.0)) - max(params.margin, params.deferral_band)


class _Round:
    """One batch being decided: persons are columns, known ones first, those of this batch behind them."""

    def __init__(
        self,
        batch: SightingArrays,
        known: SightingArrays,
        site: Topology,
        thresholds: NDArray[np.float64],
        params: MatchParams,
        found: NDArray[np.intp],
        may_be_new: NDArray[np.bool_],
    ) -> None:
        self._may_be_new = may_be_new
        self._batch = batch
        self._known = known
        self._site = site
        self._thresholds = thresholds
        self._params = params
        near = persons_near(batch, known, site, thresholds, found)
        self._count = len(near.persons)
        self._persons = near.persons
        self._similarity, self._excess = near.similarity, near.excess
        self._verdict, self._row = near.verdict, near.row
        self._peer = np.full(near.row.shape, -1)
        self._decisive, self._decisive_peer = near.decisive, self._peer.copy()
        self._possible = np.where(near.verdict == POSSIBLE, near.excess, -np.inf)
        self._best = self._possible.max(axis=1, initial=-np.inf)
        self._alike: NDArray[np.float64] | None = None

    def run(self, must_decide: NDArray[np.bool_]) -> list[Decision]:
        decisions: list[Decision] = []
        is_open = np.ones(len(self._batch), np.bool_)
        while True:
            queries, columns = self._assign(is_open, must_decide)
            if len(queries):
                decisions += self._matches(queries, columns)
            else:
                queries = self._newcomers(is_open, must_decide)
                decisions += self._appearances(queries)
            is_open[queries] = False
            if not (len(queries) and is_open.any()):
                return decisions
            if not len(columns):
                columns = self._add_persons(len(queries))
            self._join(queries, columns, np.flatnonzero(is_open))

    def _assign(self, is_open: NDArray[np.bool_], must_decide: NDArray[np.bool_]) -> Pairs:
        """Open tracks, and the columns of the persons that they are."""
        candidates = np.flatnonzero(is_open & (self._best >= 0))
        if not len(candidates):
            return candidates, candidates
        possible = self._possible[candidates, : self._count]
        query, column = np.nonzero(possible >= 0)
        value = possible[query, column]
        clear = value - _runner_up(possible, query, value) >= self._params.margin
        eligible = clear | must_decide[candidates[query]]
        queries, row = _numbered(query[eligible], len(candidates))
        columns, col = _numbered(column[eligible], self._count)
        gain = np.zeros((len(queries), len(columns)))
        gain[row, col] = 1.0 + value[eligible]
        rows, cols = linear_sum_assignment(gain, maximize=True)
        is_match = gain[rows, cols] > 0
        return candidates[queries[rows[is_match]]], columns[cols[is_match]]

    def _newcomers(self, is_open: NDArray[np.bool_], must_decide: NDArray[np.bool_]) -> NDArray[np.intp]:
        """The first open track that is nobody known, if there is one; one that is unclear, or poor, waits if it may.
        And those after it, up to where one may be the same person as one before, or an open track as one of them.
        """
        is_unclear = (self._best >= -self._params.deferral_band) | (self._batch.extra > 0)
        ready = np.flatnonzero(is_open & self._may_be_new & (~is_unclear | must_decide))
        if len(ready) < 2:
            return ready
        if self._alike is None:
            self._alike = self._alike_among(np.flatnonzero(is_open))
        ends = np.logical_or.reduce(self._alike[np.ix_(ready, is_open)] >= 0, axis=1)
        is_alike = np.triu(self._alike[np.ix_(ready, ready)] >= -self._params.deferral_band, k=1)
        ends[:-1] |= np.logical_or.reduce(is_alike, axis=0)[1:]
        return ready[: int(ends.argmax()) + 1] if ends.any() else ready

    def _add_persons(self, count: int) -> NDArray[np.intp]:
        if self._count + count > len(self._persons):
            self._make_room(max(count, len(self._persons)))
        self._count += count
        return np.arange(self._count - count, self._count)

    def _make_room(self, persons: int) -> None:
        """Columns for so many more; in one that is not in use yet, nobody is possible."""
        n = len(self._batch)
        self._persons = np.append(self._persons, np.full(persons, NEW))
        far, none = np.full((n, persons), -np.inf), np.full((n, persons), -1)
        self._similarity = np.hstack((self._similarity, far))
        self._excess = np.hstack((self._excess, far))
        self._possible = np.hstack((self._possible, far))
        self._verdict = np.hstack((self._verdict, np.full((n, persons), POSSIBLE, np.int8)))
        self._row = np.hstack((self._row, none))
        self._peer = np.hstack((self._peer, none))
        self._decisive = np.hstack((self._decisive, none))
        self._decisive_peer = np.hstack((self._decisive_peer, none))

    def _join(self, queries: NDArray[np.intp], columns: NDArray[np.intp], others: NDArray[np.intp]) -> None:
        """Persons are seen in one more track each: what is impossible with the track, is with the person, for all
        other tracks that are open.
        """
        peers, cells = self._compared(queries, others), np.ix_(others, columns)
        verdict, joined = self._verdict[cells], peers.verdict.T
        is_late = joined == TOO_LATE
        is_hard = (joined != POSSIBLE) & ~is_late
        verdict[is_hard] = joined[is_hard]
        if is_hard.any():
            other, column = np.nonzero(is_hard)
            self._decisive_peer[others[other], columns[column]] = queries[column]
        verdict[(verdict == TOO_LATE) & (joined == POSSIBLE)] = POSSIBLE
        excess, peer_excess = self._excess[cells], np.where(is_late, -np.inf, peers.excess.T)
        nearer, index = np.nonzero(peer_excess > excess)
        excess[nearer, index] = peer_excess[nearer, index]
        self._verdict[cells], self._excess[cells] = verdict, excess
        self._possible[cells] = np.where(verdict == POSSIBLE, excess, -np.inf)
        query, column, peer = others[nearer], columns[index], queries[index]
        self._similarity[query, column] = peers.similarity[index, nearer]
        self._row[query, column] = -1
        self._peer[query, column] = peer
        self._best[others] = self._possible[others, : self._count].max(axis=1)

    def _alike_among(self, open_: NDArray[np.intp]) -> NDArray[np.float64]:
        """(Q, Q): by how much two of these tracks exceed what is demanded of one person; minus infinity where they
        cannot be one, on the diagonal, and for all others, who will not be open again.
        """
        found, each = self._compared(open_, open_), np.arange(len(open_))
        possible = np.where(found.verdict == POSSIBLE, found.excess, -np.inf)
        possible[each, each] = -np.inf
        alike = np.full((len(self._batch), len(self._batch)), -np.inf)
        alike[np.ix_(open_, open_)] = possible
        return alike

    def _compared(self, a: NDArray[np.intp], b: NDArray[np.intp]) -> "_Peers":
        """(A, B) of tracks of the batch."""
        batch = self._batch
        similarity = cosines(batch.vectors[a], batch.vectors[b])
        excess = similarity - demanded(self._thresholds, batch.take_rows(a), batch, b)
        verdict = verdicts(batch, batch, a[:, None], b, self._site)
        return _Peers(similarity, excess, verdict)

    def _appearances(self, queries: NDArray[np.intp]) -> list[Decision]:
        rejected = self._possible[queries, : self._count].max(axis=1, initial=-np.inf)
        runners_up = self._runners_up(queries, self._similarity[queries, : self._count])
        new, none, unknown = ([value] * len(queries) for value in (NEW, -1, None))
        decided = (queries.tolist(), new, none, none, unknown, unknown, unknown, _finite(rejected), runners_up)
        return list(map(Decision, *decided))

    def _matches(self, queries: NDArray[np.intp], columns: NDArray[np.intp]) -> list[Decision]:
        each = np.arange(len(queries))
        possible, similarity = self._possible[queries, : self._count], self._similarity[queries, : self._count]
        reached, found = possible[each, columns], similarity[each, columns]
        possible[each, columns] = similarity[each, columns] = -np.inf
        rejected = possible.max(axis=1)
        return list(
            map(
                Decision,
                queries.tolist(),
                self._persons[columns].tolist(),
                self._row[queries, columns].tolist(),
                self._peer[queries, columns].tolist(),
                found.tolist(),
                _finite(reached - rejected),
                (found - self._excess[queries, columns]).tolist(),
                _finite(rejected),
                self._runners_up(queries, similarity),
            )
        )

    def _runners_up(self, queries: NDArray[np.intp], similarity: NDArray[np.float64]) -> list[tuple[RunnerUpRow, ...]]:
        """The most similar others of each query, by (K, P) similarities, which are used up; of equals the first."""
        similarity[:, self._persons[: self._count] == NEW] = -np.inf
        each = np.arange(len(queries))
        columns = np.empty((len(queries), min(self._params.runners_up, self._count)), np.intp)
        values = np.empty(columns.shape)
        for i in range(columns.shape[1]):
            columns[:, i] = similarity.argmax(axis=1)
            values[:, i] = similarity[each, columns[:, i]]
            similarity[each, columns[:, i]] = -np.inf
        is_there = values > -np.inf
        who, whom = np.broadcast_to(queries[:, None], columns.shape)[is_there], columns[is_there]
        ruled_out_by = self._impossibilities(who, whom)
        runners_up = list(map(RunnerUpRow, self._persons[whom].tolist(), values[is_there].tolist(), ruled_out_by))
        ends = np.cumsum(is_there.sum(axis=1)).tolist()
        return [tuple(runners_up[start:end]) for start, end in pairwise([0, *ends])]

    def _impossibilities(self, queries: NDArray[np.intp], columns: NDArray[np.intp]) -> list[Impossibility | None]:
        """Of pairs of a track and a person, what rules the person out; None where nothing does."""
        is_ruled_out = self._verdict[queries, columns] != POSSIBLE
        if not is_ruled_out.any():
            return [None] * len(queries)
        found = np.full(len(queries), None, object)
        peers = self._decisive_peer[queries, columns]
        by_known, by_peer = is_ruled_out & (peers < 0), is_ruled_out & (peers >= 0)
        if by_known.any():
            rows = self._decisive[queries[by_known], columns[by_known]]
            found[by_known] = explain(self._batch, self._known, queries[by_known], rows, self._site)
        if by_peer.any():
            found[by_peer] = explain(self._batch, self._batch, peers[by_peer], queries[by_peer], self._site)
        reasons: list[Impossibility | None] = found.tolist()
        return reasons


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [each if math.isfinite(each) else None for each in values.tolist()]


def _numbered(values: NDArray[np.intp], count: int) -> Pairs:
    """The different ones of values below `count`, ascending, and for each value which of them it is."""
    is_there = np.zeros(count, np.bool_)
    is_there[values] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[values]


def _runner_up(
    possible: NDArray[np.float64], query: NDArray[np.intp], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(K,): for cells of (Q, P) of the given rows and values, the best of the others in their rows."""
    if possible.shape[1] < 2:
        return np.full(len(value), -np.inf)
    best = np.partition(possible, -2, axis=1)[query, -2:]
    return np.where(value == best[:, 1], best[:, 0], best[:, 1])


@dataclass(frozen=True, slots=True, eq=False)
class _Peers:
    """(A, B) of tracks of a batch with others of it: cosine, by how much it exceeds what is demanded, and verdict."""

    similarity: NDArray[np.float32]
    excess: NDArray[np.float64]
    verdict: NDArray[np.int8]
