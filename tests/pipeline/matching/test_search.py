"""Search finds exactly what a comparison of each with each would."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.matching import search
from pipeline.matching.search import (
    Question,
    answer,
    cosines,
    rows_of,
    rows_within_reach,
    searchable_zeros,
    tracks_of,
)
from pipeline.matching.sightings import NOBODY

REACH = 0.5


def unit(rng: np.random.Generator, count: int, dimensions: int = 64) -> NDArray[np.float32]:
    vectors: NDArray[np.float32] = rng.standard_normal((count, dimensions), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def crowd(rng: np.random.Generator, queries: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Every second one looks like one of the queries, more or less."""
    vectors = unit(rng, count, queries.shape[1])
    alike = vectors[::2] * 1.7 + queries[rng.integers(0, len(queries), len(vectors[::2]))]
    vectors[::2] = alike / np.linalg.norm(alike, axis=1, keepdims=True)
    return vectors


def laid_out(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """As a gallery has them."""
    copies = searchable_zeros(*vectors.shape)
    copies[:] = vectors
    return copies


@pytest.mark.parametrize("queries", [1, 2, 70, 200])
@pytest.mark.parametrize("count", [1, search.LEAST_ROWS, 9000])
def test_exactly_the_rows_within_reach_are_found(queries: int, count: int) -> None:
    rng = np.random.default_rng(queries + count)
    batch = unit(rng, queries)
    vectors = crowd(rng, batch, count)
    truth = np.flatnonzero((cosines(batch, vectors) >= REACH).any(axis=0))
    np.testing.assert_array_equal(rows_within_reach(batch, laid_out(vectors), REACH), truth)
    np.testing.assert_array_equal(rows_within_reach(batch, vectors, REACH), truth)


@pytest.mark.parametrize("count", [3, 9000])
def test_several_questions_about_one_batch_are_answered_as_if_each_were_asked_alone(count: int) -> None:
    rng = np.random.default_rng(count)
    batch = unit(rng, 20)
    vectors = laid_out(crowd(rng, batch, count))
    questions = [Question(0, 12, 0.5), Question(8, 20, 0.4), Question(5, 6, 0.3), Question(7, 7, -1.0)]
    for question, found in zip(questions, answer(batch, vectors, questions), strict=True):
        alone = rows_within_reach(batch[question.first : question.end], vectors, question.reach)
        np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("queries", [1, 2, 70])
def test_a_row_that_just_reaches_is_found_and_one_that_just_misses_is_not(queries: int) -> None:
    rng = np.random.default_rng(0)
    batch, vectors = unit(rng, queries, 512), laid_out(unit(rng, 500, 512))
    nearest = cosines(batch, vectors).max(axis=0)
    for row in np.argsort(nearest)[-20:]:
        assert row in rows_within_reach(batch, vectors, float(nearest[row]))
        assert row not in rows_within_reach(batch, vectors, float(np.nextafter(nearest[row], np.float32(2))))


def test_a_cosine_is_the_same_to_the_last_bit_in_whatever_company() -> None:
    rng = np.random.default_rng(0)
    batch, vectors = unit(rng, 9, 512), unit(rng, 300, 512)
    together = cosines(batch, vectors)
    order = rng.permutation(300)
    np.testing.assert_array_equal(cosines(batch, vectors[order]), together[:, order])
    np.testing.assert_array_equal(cosines(batch[3:4], vectors[7:8]), together[3:4, 7:8])
    np.testing.assert_array_equal(cosines(laid_out(batch), laid_out(vectors)), together)


def test_vectors_are_laid_out_by_dimension_from_a_cache_line_on() -> None:
    vectors = searchable_zeros(21, 5)
    assert vectors.shape == (21, 5)
    assert not vectors.any()
    assert all(vectors[0, dimension:].ctypes.data % 64 == 0 for dimension in range(5))
    assert vectors.strides[0] == 4


def test_nobody_finds_nobody() -> None:
    rng = np.random.default_rng(0)
    assert len(rows_within_reach(unit(rng, 0), unit(rng, 5), -1)) == 0
    assert len(rows_within_reach(unit(rng, 5), np.empty((0, 0), np.float32), -1)) == 0


@pytest.mark.parametrize("chosen", [[], [0], [0, 3], [2, 3, 7], [4, 10**12]])
def test_all_rows_of_some_persons_are_found(chosen: list[int]) -> None:
    persons = np.array([3, NOBODY, 0, 7, 3, 2, 10**12, 0, 8, NOBODY, 4])
    found = rows_of(persons, np.array(chosen, np.int64))
    assert found.tolist() == [row for row, person in enumerate(persons.tolist()) if person in chosen]


@pytest.mark.parametrize("chosen", [[0], [0, 3], [2, 3, 7], [0, 2, 3, 4, 7], [0, 2, 3, 4, 7, 10**12]])
def test_the_tracks_of_persons_come_person_by_person(chosen: list[int]) -> None:
    persons = np.array([3, NOBODY, 0, 7, 3, 2, 10**12, 0, 8, NOBODY, 4])
    rows, starts = tracks_of(persons, np.array(chosen, np.int64))
    each = [[row for row, person in enumerate(persons.tolist()) if person == one] for one in chosen]
    assert rows.tolist() == [row for of_one in each for row in of_one]
    assert [found.tolist() for found in np.split(rows, starts[1:])] == each
