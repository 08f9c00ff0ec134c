"""Numbers of a ranking, and how sure they are: the usual ones, verification, camera by camera, intervals."""

# Q queries, G rows of the gallery

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_models.ranking import DISTRACTOR, JUNK, Labelled, Ranking, RankingError, rank
from reid_models.training.evaluation.protocols import Match

RANKS = (1, 5, 10, 20)
RATES = (1e-2, 1e-3, 1e-4)
"""Of false positives, at which true ones are counted."""
SAMPLES = 1000
"""Draws of the bootstrap."""
LEVEL = 0.95
"""Share of the draws that an interval holds."""

Scores = dict[str, float]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a score lies in most draws."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CameraPair:
    """Queries of one camera, rows of another.

    Attributes:
        query, gallery: numbers of the cameras.
        queries: how many were counted.
        rank1, mean_average_precision: theirs, among the rows of that camera alone.
    """

    query: int
    gallery: int
    queries: int
    rank1: float
    mean_average_precision: float


def scores(ranking: Ranking) -> Scores:
    """mAP, mINP, R1, R5, R10 and R20, as shares."""
    found = {"mAP": ranking.mean_average_precision, "mINP": ranking.mean_inverse_penalty}
    return {**found, **{f"R{place}": ranking.found_within(place) for place in RANKS}}


def verification(match: Match, rates: Sequence[float] = RATES) -> Scores:
    """Share of the pairs of one person that are taken for one where so many pairs of two persons are, too.

    A pair is a query and a row that the protocol counts for it. The threshold is the least at which no more than the
    rate of false pairs are at least as alike: `TPR@FPR=0.001`.

    Raises:
        RankingError: if there are no pairs of one person, or none of two.
    """
    true, false = _pairs(match)
    if not true.size or not false.size:
        raise RankingError(f"expected pairs of one person and of two, found {true.size} and {false.size}")
    found = {}
    for rate in rates:
        allowed = int(rate * false.size)
        # The best of those that may not pass: who is more alike than it is taken.
        limit = np.partition(false, -(allowed + 1))[-(allowed + 1)] if allowed < false.size else -np.inf
        found[f"TPR@FPR={rate:g}"] = float((true > limit).mean())
    return found


def by_camera(match: Match) -> list[CameraPair]:
    """The scores of each camera's queries among each other camera's rows, where there is somebody to find."""
    found = []
    for query in np.unique(match.queries.cameras).tolist():
        for gallery in np.unique(match.searched.who.cameras).tolist():
            rows, columns = match.queries.cameras == query, match.searched.who.cameras == gallery
            try:
                ranking = rank(
                    match.similarity[np.ix_(rows, columns)],
                    _some(match.queries, rows),
                    _some(match.searched.who, columns),
                    precision=match.protocol.precision,
                )
            except RankingError:
                continue
            mean = ranking.mean_average_precision
            found.append(CameraPair(query, gallery, ranking.queries, ranking.found_within(1), mean))
    return found


def intervals(ranking: Ranking, *, seed: int = 0, samples: int = SAMPLES) -> dict[str, Interval]:
    """Of each of `scores`: how far it moves if other queries of the same kind had been asked.

    The counted queries are drawn with replacement, as many as there are; the interval holds 95 % of the draws.

    Args:
        ranking: as the protocol counts.
        seed: of the draws: the same one gives the same intervals.
        samples: how many draws.
    """
    is_counted = ~np.isnan(ranking.average_precision)
    counted = int(is_counted.sum())
    draws = np.random.default_rng(seed).multinomial(counted, np.full(counted, 1 / counted), size=samples) / counted
    place = ranking.first_place[is_counted]
    values = {"mAP": ranking.average_precision[is_counted], "mINP": ranking.inverse_penalty[is_counted]}
    values |= {f"R{limit}": ((place >= 0) & (place < limit)).astype(np.float64) for limit in RANKS}
    return {name: _interval(draws @ each) for name, each in values.items()}


def mean_of(splits: Sequence[Scores]) -> Scores:
    """Each score over the splits of a data set."""
    return {name: float(np.mean([split[name] for split in splits])) for name in splits[0]}


def _interval(found: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Interval(low, high)


def _pairs(match: Match) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Similarities of the pairs of one person, and of those of two."""
    persons = match.searched.who.persons
    is_same = (persons == match.queries.persons[:, None]) & (persons != DISTRACTOR) & (persons != JUNK)
    is_other_camera = match.searched.who.cameras != match.queries.cameras[:, None]
    return match.similarity[is_same & is_other_camera], match.similarity[~is_same & (persons != JUNK)]


def _some(who: Labelled, chosen: NDArray[np.bool_]) -> Labelled:
    return Labelled(who.persons[chosen], who.cameras[chosen])
