"""How well vectors find the same person in another camera: CMC and mean average precision, by the MARS protocol.

For each query, rows of the gallery with its person and its camera are left out, and so are rows of nobody (`JUNK`);
every other row counts, distractors too. A query that has no row left to find is not counted.

No query is looked at alone: 1980 of them are ranked among 9330 rows in the time of a few products of matrices.
"""

# Q queries, G rows of the gallery, H hits: pairs of a query and a row that it is to find

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError

JUNK = -1
"""Identity of a row that shows nobody in full: ignored, neither right nor wrong."""
DISTRACTOR = -2
"""Identity of a row that shows somebody, or something, that no query looks for: wrong for every query. Two such rows
are not one person."""

BLOCK = 128
"""Queries whose similarities are sorted at once: what that takes is bounded, and stays near the processor."""

Ids = NDArray[np.int64]
Precision = Literal["trapezoidal", "rectangular"]


class RankingError(PasserbyError):
    """Vectors among which nobody can be found again."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Vectors or rows of a distance matrix, and whom they show.

    Attributes:
        persons: (N,) int64, `JUNK` for nobody, `DISTRACTOR` for somebody of no name.
        cameras: (N,) int64.
    """

    persons: Ids
    cameras: Ids

    def __post_init__(self) -> None:
        if self.persons.ndim != 1 or self.persons.shape != self.cameras.shape:
            raise ValueError(f"persons {self.persons.shape} and cameras {self.cameras.shape} do not line up as (N,)")


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What the queries found.

    Attributes:
        cmc: (G,) float64, share of the counted queries with a match among the first k + 1.
        average_precision: (Q,) float64, one per query; NaN where there was nothing to find.
        inverse_penalty: (Q,) float64, hits over the rank, from 1, of the last of them (Ye et al., "Deep Learning for
            Person Re-identification", 2021): 1 where all are found before anybody else. NaN as above.
        first_place: (Q,) int64, 0-based rank of the first hit; -1 where there was nothing to find.
        queries: how many queries were counted.
    """

    cmc: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    inverse_penalty: NDArray[np.float64]
    first_place: Ids
    queries: int

    @property
    def mean_average_precision(self) -> float:
        """Over the counted queries."""
        return float(np.nanmean(self.average_precision))

    @property
    def mean_inverse_penalty(self) -> float:
        """Over the counted queries: mINP."""
        return float(np.nanmean(self.inverse_penalty))

    def found_within(self, rank: int) -> float:
        """Share of the counted queries with a match among the first `rank`, from 1."""
        return float(self.cmc[min(rank, len(self.cmc)) - 1])

    def with_unmatched(self) -> "Ranking":
        """The same with every query counted: who has nothing to find is one that found nothing."""
        share = self.queries / len(self.first_place)
        average, penalty = (np.nan_to_num(values) for values in (self.average_precision, self.inverse_penalty))
        return Ranking(self.cmc * share, average, penalty, self.first_place, len(self.first_place))


def rank(
    similarity: NDArray[np.floating], queries: Labelled, gallery: Labelled, *, precision: Precision = "trapezoidal"
) -> Ranking:
    """Ranks the gallery for every query.

    Args:
        similarity: (Q, G), higher is more alike; of vectors `query_vectors @ gallery_vectors.T`. Of equal ones
            the wrong rank first, so that an encoder that cannot tell people apart gains nothing.
        queries: of the rows.
        gallery: of the columns.
        precision: how the area under precision over recall is summed. MARS publishes the trapezoidal one; most
            repositories print the rectangular one, which is higher.

    Raises:
        ValueError: if the arrays do not line up, a similarity is not finite, or no query has anything to find.
    """
    if similarity.shape != (len(queries.persons), len(gallery.persons)):
        raise ValueError(
            f"similarity {similarity.shape} does not line up with {len(queries.persons)} queries and "
            f"{len(gallery.persons)} rows of the gallery"
        )
    if not np.isfinite(similarity).all():
        row, column = np.argwhere(~np.isfinite(similarity))[0]
        raise ValueError(f"expected finite similarities, found {similarity[row, column]} in row {row}, column {column}")
    same_person = (gallery.persons == queries.persons[:, None]) & (gallery.persons != DISTRACTOR)
    junk = gallery.persons == JUNK
    hits = same_person & (gallery.cameras != queries.cameras[:, None]) & ~junk
    if not hits.any():
        raise RankingError("expected at least one query with the same person in another camera, found none")
    query, place, found = _places(similarity, hits, wrong=~same_person & ~junk)
    count = np.bincount(query, minlength=len(hits))
    first_place = np.full(len(hits), -1)
    first_place[query[found == 0]] = place[found == 0]
    return Ranking(
        cmc=_cmc(place[found == 0], len(gallery.persons)),
        average_precision=_average_precision(query, place, found, count, precision=precision),
        inverse_penalty=_inverse_penalty(place, count),
        first_place=first_place,
        queries=int((count > 0).sum()),
    )


def _places(
    similarity: NDArray[np.floating], hits: NDArray[np.bool_], *, wrong: NDArray[np.bool_]
) -> tuple[Ids, Ids, Ids]:
    """(H,) each, best first within a query: its query, its 0-based rank, and how many hits of the query are before it.

    Only the wrong rows are sorted in full: a hit's rank is how many of them are at least as alike, and the hits before.
    """
    query, column = np.nonzero(hits)
    own = -similarity[query, column]
    order = np.lexsort((own, query))
    query, own = query[order], own[order]
    count = np.bincount(query, minlength=len(hits))
    ends = np.cumsum(count)
    found = np.arange(len(query)) - (ends - count)[query]
    ahead = np.empty(len(query), np.int64)
    for start in range(0, len(hits), BLOCK):
        rows = slice(start, start + BLOCK)
        distance = np.where(wrong[rows], -similarity[rows], np.inf)
        distance.sort(axis=1)
        last = min(start + BLOCK, len(hits)) - 1
        mine = slice(ends[start] - count[start], ends[last])
        ahead[mine] = _at_most(distance, query[mine] - start, own[mine])
    return query, ahead + found, found


def _at_most(ascending: NDArray[np.floating], rows: Ids, values: NDArray[np.floating]) -> Ids:
    """(H,): of each value, how many of its row are not greater: a search by halves, in all rows at once."""
    low, high = np.zeros(len(values), np.int64), np.full(len(values), ascending.shape[1])
    for _ in range(int(ascending.shape[1]).bit_length()):
        middle = (low + high) // 2
        is_open = low < high
        goes_on = is_open & (ascending[rows, np.minimum(middle, ascending.shape[1] - 1)] <= values)
        low = np.where(goes_on, middle + 1, low)
        high = np.where(is_open & ~goes_on, middle, high)
    return low


def _cmc(first_places: Ids, ranks: int) -> NDArray[np.float64]:
    cmc: NDArray[np.float64] = np.cumsum(np.bincount(first_places, minlength=ranks)) / len(first_places)
    return cmc


def _average_precision(query: Ids, place: Ids, found: Ids, count: Ids, *, precision: Precision) -> NDArray[np.float64]:
    """(Q,): mean over a query's hits of the precision at the hit, or of the mean of it and the one just before."""
    area = (found + 1) / (place + 1)
    if precision == "trapezoidal":
        before = np.where(place == 0, 1.0, found / np.maximum(place, 1))
        area = (area + before) / 2
    return _over(np.bincount(query, weights=area, minlength=len(count)), count)


def _inverse_penalty(place: Ids, count: Ids) -> NDArray[np.float64]:
    """(Q,): from ranks that are in order of the queries, best first."""
    last = np.zeros(len(count))
    last[count > 0] = place[np.cumsum(count)[count > 0] - 1]
    return _over(count, np.where(count > 0, last + 1, 0))


def _over(total: NDArray[np.number], count: NDArray[np.number]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return mean
