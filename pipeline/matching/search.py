"""Which known tracks are within reach of a batch: exact search over all of them.

Blocks of rows are multiplied and compared while they lie in the processor's cache: what a product of the whole would
write and read again (25 MB for 64 queries of 100,000 tracks) never exists. What is found does not depend on how the
rows are ordered, nor on who else is in the batch: a product of matrices adds up differently in its corners, so where
its last digits would matter, `cosines` says what is true.
"""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

BLOCK_SIMILARITIES = 1 << 17
"""In one block: 512 KiB of float32."""
LEAST_ROWS, MOST_ROWS = 1024, 2048
"""In one block of a product of matrices; shorter ones keep it busy with its own preparations, and of longer ones it
loses the rows that it has prepared out of the cache: eight queries took a fifth longer."""
FEW = 6
"""Queries up to here are multiplied one by one, while a row lies in the cache: a row is read from memory once, and a
product of matrices so narrow takes longer than the reading."""
FEW_PERSONS = 4
"""Persons up to here are looked for one by one: one comparison each, in the place of a table and a sorting for all."""
ROUNDING = np.float32(1e-5)
"""More than two ways to add up the float32 products of unit vectors differ by."""


def cosines(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(Q, N): of vectors (Q, D) and (N, D) of length 1; each is the same to the last bit in whatever company."""
    found: NDArray[np.float32] = np.vecdot(queries[:, None], vectors)
    return found


def rows_within_reach(queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: float) -> NDArray[np.intp]:
    """Rows of `vectors` whose cosine to any of the queries is at least `reach`; a row may come more than once.

    Args:
        queries: (Q, D) float32 of length 1.
        vectors: (N, D) float32 of length 1.
        reach: cosine.
    """
    if not len(queries) or not len(vectors):
        return np.empty(0, np.intp)
    size = BLOCK_SIMILARITIES // len(queries)
    search = _few
    if len(queries) > FEW:
        size = min(max(size, LEAST_ROWS), MOST_ROWS)
        search = _many
    room = np.empty(min(size, len(vectors)) * len(queries), np.float32)
    if len(vectors) <= size:
        return search(queries, vectors, np.float32(reach), room)
    starts = range(0, len(vectors), size)
    return np.concatenate(
        [start + search(queries, vectors[start : start + size], np.float32(reach), room) for start in starts]
    )


def _few(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: np.float32, room: NDArray[np.float32]
) -> NDArray[np.intp]:
    similarity = room[: len(vectors) * len(queries)]
    np.vecdot(vectors[:, None], queries, out=similarity.reshape(len(vectors), len(queries)))
    return np.flatnonzero(similarity >= reach) // len(queries)


def _many(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: np.float32, room: NDArray[np.float32]
) -> NDArray[np.intp]:
    similarity = room[: len(vectors) * len(queries)].reshape(len(queries), len(vectors))
    nearest = np.matmul(queries, vectors.T, out=similarity).max(axis=0)
    rows = np.flatnonzero(nearest >= reach - ROUNDING)
    is_doubtful = nearest[rows] < reach + ROUNDING
    if not is_doubtful.any():
        return rows
    doubtful = rows[is_doubtful]
    is_near = (cosines(queries, vectors[doubtful]) >= reach).any(axis=0)
    return np.append(rows[~is_doubtful], doubtful[is_near])


def tracks_of(persons: NDArray[np.int64], chosen: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The tracks of some persons.

    Args:
        persons: (N,) of each track.
        chosen: (P,) persons who have a track, sorted and different.

    Returns:
        Rows, one person after the other, ascending within each; and (P,) where those of each person begin.
    """
    if len(chosen) > FEW_PERSONS:
        rows = rows_of(persons, chosen)
        of_rows = persons[rows]
        order = of_rows.argsort(kind="stable")
        return rows[order], of_rows[order].searchsorted(chosen)
    each = [(persons == person).nonzero()[0] for person in chosen.tolist()]
    starts = np.array([0, *accumulate(map(len, each[:-1]))])
    return (each[0] if len(each) == 1 else np.concatenate(each)), starts


def rows_of(persons: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows whose person is one of `chosen`, which are sorted and different; ascending."""
    if not len(chosen):
        return np.empty(0, np.intp)
    span = int(chosen[-1] - chosen[0])
    if span > len(persons):
        return np.flatnonzero(np.isin(persons, chosen))
    # The first and the last place stand for all who come before and behind.
    is_chosen = np.zeros(span + 3, np.bool_)
    is_chosen[chosen - chosen[0] + 1] = True
    return np.flatnonzero(is_chosen.take(persons - (chosen[0] - 1), mode="clip"))
