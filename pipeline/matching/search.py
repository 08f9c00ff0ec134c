"""Which known tracks are within reach of a batch: exact search, by the bare product.

Blocks of rows are multiplied and compared while they lie in the processor's cache. What a product of the whole would
write and read again (25 MB for 64 queries of 100,000 tracks) never exists.
"""

import numpy as np
from numpy.typing import NDArray

BLOCK_SIMILARITIES = 1 << 19
"""In one block: 2 MiB of float32."""
LEAST_ROWS = 1024
"""In one block; shorter ones keep the product busy with its own preparations."""
FEW = 6
"""Queries up to here are multiplied one by one, while a row lies in the cache: a row is read from memory once, and a
product of matrices so narrow takes longer than the reading."""
ROUNDING = np.float32(1e-5)
"""More than float32 products of unit vectors that are added up in another order differ."""


def rows_within_reach(queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: float) -> NDArray[np.intp]:
    """Rows of `vectors`, those whose cosine to any of the queries is at least `reach`; a row may come more than once.

    A row that misses it by no more than the rounding of a product may be among them.

    Args:
        queries: (Q, D) float32 of length 1.
        vectors: (N, D) float32 of length 1.
        reach: cosine.
    """
    count = len(queries)
    if not count or not len(vectors):
        return np.empty(0, np.intp)
    size = min(len(vectors), max(LEAST_ROWS, BLOCK_SIMILARITIES // count))
    room = np.empty((size, count), np.float32) if count <= FEW else np.empty((count, size), np.float32)
    least = np.float32(reach) - ROUNDING
    found = []
    for start in range(0, len(vectors), size):
        block = vectors[start : start + size]
        if count <= FEW:
            similarity = np.vecdot(block[:, None], queries, out=room[: len(block)])
            rows = np.flatnonzero(similarity.ravel() >= least) // count
        else:
            similarity = np.matmul(queries, block.T, out=room[:, : len(block)])
            rows = np.flatnonzero(similarity.max(axis=0) >= least)
        found.append(start + rows)
    return np.concatenate(found)


def rows_of(persons: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows whose person is one of `chosen`, which are sorted and at least 0; ascending."""
    if not len(chosen):
        return np.empty(0, np.intp)
    span = int(chosen[-1] - chosen[0])
    if span > len(persons):
        return np.flatnonzero(np.isin(persons, chosen))
    # The first and the last place stand for all who come before and behind.
    is_chosen = np.zeros(span + 3, np.bool_)
    is_chosen[chosen - chosen[0] + 1] = True
    return np.flatnonzero(is_chosen.take(persons - (chosen[0] - 1), mode="clip"))
