"""Which known tracks are within reach of a batch: exact search over all of them.

What is known lies dimension by dimension, the numbers of many tracks side by side: so a product adds up many tracks at
once, and reads memory as fast as it comes; track by track, a single query takes half as long again or more
(docs/benchmarks.md). Blocks of tracks are multiplied and compared while they lie in the processor's cache: what a
product of the whole would write and read again (25 MB for 64 queries of 100,000 tracks) never exists. What is found
does not depend on how the tracks are ordered, nor on who else is in the batch: a product of matrices adds up
differently in its corners, so where its last digits would matter, `cosines` says what is true.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

BLOCK_SIMILARITIES = 1 << 17
"""In one block: 512 KiB of float32."""
LEAST_ROWS = 1024
"""In one block; shorter ones keep a product busy with its own preparations."""
FEW_PERSONS = 4
"""Persons up to here are looked for one by one: one comparison each, in the place of a table and a sorting for all."""
ROUNDING = np.float32(5e-5)
"""More than two ways to add up the float32 products of 512 numbers of unit vectors differ by."""
CACHE_LINE = 16
"""Float32 in one."""


def searchable_zeros(rows: int, dimensions: int) -> NDArray[np.float32]:
    """(rows, dimensions) float32, laid out for `rows_within_reach`: each dimension begins a cache line."""
    length = -(-rows // CACHE_LINE) * CACHE_LINE
    room = np.zeros(dimensions * length + CACHE_LINE, np.float32)
    first = -(room.ctypes.data // room.itemsize) % CACHE_LINE
    return room[first : first + dimensions * length].reshape(dimensions, length)[:, :rows].T


def cosines(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(Q, N): of vectors (Q, D) and (N, D) of length 1; each is the same to the last bit in whatever company."""
    # However they lie, they are added up in one way.
    found: NDArray[np.float32] = np.vecdot(np.ascontiguousarray(queries)[:, None], np.ascontiguousarray(vectors))
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """Who is near some of the queries.

    Attributes:
        first, end: these queries, without the last.
        reach: cosine.
    """

    first: int
    end: int
    reach: float


def rows_within_reach(queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: float) -> NDArray[np.intp]:
    """Rows of `vectors` whose cosine to any of the queries is at least `reach`, ascending.

    Args:
        queries: (Q, D) float32 of length 1.
        vectors: (N, D) float32 of length 1; fastest as `searchable_zeros` lays them out.
        reach: cosine.
    """
    (rows,) = answer(queries, vectors, (Question(0, len(queries), reach),))
    return rows


def answer(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], questions: Sequence[Question]
) -> list[NDArray[np.intp]]:
    """As `rows_within_reach`, for several questions about the same queries: each query is multiplied once."""
    if not len(queries) or not len(vectors):
        return [np.empty(0, np.intp) for _ in questions]
    size = max(BLOCK_SIMILARITIES // len(queries), LEAST_ROWS)
    room = np.empty(min(size, len(vectors)) * len(queries), np.float32)
    if len(vectors) <= size:
        return _in_block(queries, vectors, questions, room)
    found = []
    for start in range(0, len(vectors), size):
        of_block = _in_block(queries, vectors[start : start + size], questions, room)
        found.append([start + rows for rows in of_block])
    return [np.concatenate(rows) for rows in zip(*found, strict=True)]


def _in_block(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    questions: Sequence[Question],
    room: NDArray[np.float32],
) -> list[NDArray[np.intp]]:
    similarity = room[: len(vectors) * len(queries)].reshape(len(queries), len(vectors))
    np.matmul(queries, vectors.T, out=similarity)
    return [
        _near(similarity[q.first : q.end], queries[q.first : q.end], vectors, np.float32(q.reach)) for q in questions
    ]


def _near(
    similarity: NDArray[np.float32], queries: NDArray[np.float32], vectors: NDArray[np.float32], reach: np.float32
) -> NDArray[np.intp]:
    """Rows that are near any of the queries; (Q, N) similarities but for rounding."""
    if not len(queries):
        return np.empty(0, np.intp)
    nearest = similarity[0] if len(queries) == 1 else similarity.max(axis=0)
    rows: NDArray[np.intp] = (nearest >= reach - ROUNDING).nonzero()[0]
    is_sure = nearest[rows] >= reach + ROUNDING
    if is_sure.all():
        return rows
    is_sure[~is_sure] = (cosines(queries, vectors[rows[~is_sure]]) >= reach).any(axis=0)
    found: NDArray[np.intp] = rows[is_sure]
    return found


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
