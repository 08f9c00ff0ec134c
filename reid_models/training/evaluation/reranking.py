"""k-reciprocal re-ranking: distances that also ask who else is near to whom.

Zhong et al., "Re-ranking Person Re-identification with k-reciprocal Encoding", CVPR 2017. Every query sees the whole
gallery and all other queries: a figure that comes of it is of another task than one without, and says so.

Neighbours are kept as sparse matrices, and distances are made a block of rows at a time: 1980 queries and 9330 rows
never stand in memory as a square.
"""

# N = Q queries and G rows of the gallery, in this order, D numbers of a vector

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 256
"""Rows of distances at once."""
MEETINGS = 1 << 22
"""Neighbours that a query and a row have in common, counted at once."""


@dataclass(frozen=True, slots=True)
class RerankParams:
    """
    Attributes:
        near: k1, neighbours that must have each other among theirs.
        smoothed: k2, nearest ones whose neighbours are averaged; 1: none.
        mix: lambda, share of the plain distance in the result.
    """

    near: int = 20
    smoothed: int = 6
    mix: float = 0.3

    @property
    def title(self) -> str:
        """What stands wherever such figures are printed."""
        return f"re-ranked, k-reciprocal, k1={self.near} k2={self.smoothed} lambda={self.mix:g}"


def rerank(
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    params: RerankParams = RerankParams(),
    *,
    power: int = 2,
) -> NDArray[np.float32]:
    """(Q, G) distances, lower is more alike: those of the shared neighbours, and a share of the plain ones.

    Args:
        query: (Q, D) vectors, compared by their Euclidean distance.
        gallery: (G, D), all that is searched.
        params: see there.
        power: of the distance: 2 as the paper has it; 4 is what deep-person-reid computes, which squares squares.
    """
    rows = np.concatenate([query, gallery]).astype(np.float64)
    # About their mean: what is far from nothing has distances that single precision cannot tell apart.
    rows = (rows - rows.mean(axis=0)).astype(np.float32)
    near = _nearest(rows, params, power)
    encoded = _encoded(rows, near, params, power)
    found = _unshared(encoded[: len(query)], encoded[len(query) :])
    for block, plain in _distances(rows, power, until=len(query)):
        found[block] = (1 - params.mix) * found[block] + params.mix * plain[:, len(query) :]
    return found


def _distances(rows: NDArray[np.float32], power: int, *, until: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Of the first rows to all of them, a block at a time: each row over its greatest."""
    squares = np.square(rows).sum(axis=1)
    for start in range(0, until, BLOCK):
        block = slice(start, min(start + BLOCK, until))
        found = -2 * rows[block] @ rows.T
        found += squares
        found += squares[block, None]
        np.maximum(found, 0.0, out=found)
        if power != 2:
            found **= power / 2
        greatest = found.max(axis=1, keepdims=True)
        yield block, np.divide(found, greatest, out=found, where=greatest > 0)


def _nearest(rows: NDArray[np.float32], params: RerankParams, power: int) -> NDArray[np.int64]:
    """(N, k): each row's nearest ones, itself first."""
    count = min(len(rows), max(params.near + 1, params.smoothed))
    near = np.empty((len(rows), count), np.int64)
    for block, distance in _distances(rows, power, until=len(rows)):
        own = np.arange(block.start, block.stop)
        distance[own - block.start, own] = -1.0
        some = np.argpartition(distance, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(distance, some, axis=1), axis=1, kind="stable")
        near[block] = np.take_along_axis(some, order, axis=1)
    return near


def _encoded(rows: NDArray[np.float32], near: NDArray[np.int64], params: RerankParams, power: int) -> sparse.csr_array:
    """(N, N), rows that add up to 1: V of the paper, how much each row is each neighbour's."""
    mutual = _mutual(near, params.near)
    # round() rounds halves to even, as the published code does.
    core = _mutual(near, round(params.near / 2))
    shared = (mutual @ core.T).multiply(mutual).tocoo()
    joins = shared.data > 2 / 3 * core.sum(axis=1)[shared.col]
    joined = sparse.csr_array((shared.data[joins] * 0 + 1, (shared.row[joins], shared.col[joins])), shape=mutual.shape)
    everybody = (mutual + joined @ core).tocoo()
    weights = np.exp(-_distances_of(rows, everybody.row, everybody.col, power))
    encoded = sparse.csr_array((weights, (everybody.row, everybody.col)), shape=mutual.shape)
    shares = sparse.csr_array(sparse.diags_array(1 / encoded.sum(axis=1)) @ encoded)
    if params.smoothed == 1:
        return shares
    return sparse.csr_array(_links(near[:, : params.smoothed]) @ shares / min(params.smoothed, near.shape[1]))


def _mutual(near: NDArray[np.int64], count: int) -> sparse.csr_array:
    """(N, N) of 0 and 1: who is among the first so many of whom, and the other way round; each row is its own."""
    links = _links(near[:, : count + 1])
    return sparse.csr_array(links.multiply(links.T))


def _links(near: NDArray[np.int64]) -> sparse.csr_array:
    size, count = near.shape
    starts = np.arange(0, size * count + 1, count)
    return sparse.csr_array((np.ones(size * count), near.ravel(), starts), shape=(size, size))


def _distances_of(
    rows: NDArray[np.float32], own: NDArray[np.integer], other: NDArray[np.integer], power: int
) -> NDArray[np.float64]:
    """Of pairs, as `_distances` has them; the pairs are in order of `own`."""
    found = np.empty(len(own))
    for block, distance in _distances(rows, power, until=len(rows)):
        mine = slice(*np.searchsorted(own, (block.start, block.stop)).tolist())
        found[mine] = distance[own[mine] - block.start, other[mine]]
    return found


def _unshared(query: sparse.csr_array, gallery: sparse.csr_array) -> NDArray[np.float32]:
    """(Q, G): 1 - m / (2 - m), Jaccard's distance; m is the sum over the neighbours of the lesser weight."""
    columns = gallery.tocsc()
    shape = query.shape[0], gallery.shape[0]
    shared = np.zeros(shape, np.float32)
    owners = np.repeat(np.arange(shape[0]), np.diff(query.indptr))
    lengths = np.diff(columns.indptr)[query.indices].astype(np.int64)
    chunk = np.cumsum(lengths) // MEETINGS
    for start, end in zip(*_runs(chunk), strict=True):
        entries = slice(start, end)
        times, first = lengths[entries], owners[start]
        begins = columns.indptr[query.indices[entries]] - (np.cumsum(times) - times)
        met = np.arange(times.sum()) + np.repeat(begins, times)
        lesser = np.minimum(np.repeat(query.data[entries], times), columns.data[met])
        place = np.repeat(owners[entries] - first, times) * shape[1] + columns.indices[met]
        height = owners[end - 1] - first + 1
        total = np.bincount(place, weights=lesser, minlength=height * shape[1])
        shared[first : first + height] += total.reshape(height, shape[1])
    return 1 - shared / (2 - shared)


def _runs(values: NDArray[np.integer]) -> tuple[list[int], list[int]]:
    """Starts and ends of equal neighbours."""
    changes = np.flatnonzero(np.diff(values)) + 1
    edges = [0, *changes.tolist(), len(values)] if len(values) else [0]
    return edges[:-1], edges[1:]
