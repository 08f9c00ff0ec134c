"""The search of persons against one that looks at everybody, one after the other."""

import numpy as np
import pytest

from pipeline.matching.nearby import Near, persons_near
from pipeline.matching.search import rows_within_reach
from pipeline.matching.sightings import NOBODY, SightingArrays
from testing.matching.arrays import CAMERAS, Row, arrays, matrices

THRESHOLDS = np.array([[0.9, 0.8, 0.8], [0.8, 0.9, 0.7], [0.8, 0.7, 0.9]])


def rows(rng: np.random.Generator, count: int, start_s: float) -> list[Row]:
    return [
        (float(rng.uniform(0, 360)), CAMERAS[i % 3], start_s + i, start_s + i + float(rng.uniform(0.5, 30)))
        for i in range(count)
    ]


def near(batch: SightingArrays, known: SightingArrays, reach: float) -> Near:
    found = rows_within_reach(batch.vectors, known.vectors, reach)
    return persons_near(batch, known, matrices(), THRESHOLDS, found)


@pytest.mark.parametrize("seed", range(4))
def test_similarities_are_those_of_each_persons_nearest_track(seed: int) -> None:
    rng = np.random.default_rng(seed)
    batch = arrays(rows(rng, 6, 500.0))
    persons = rng.integers(0, 12, 40)
    known = arrays(rows(rng, 40, 0.0), persons.tolist())
    reach = 0.95
    found = near(batch, known, reach)
    cosines = batch.vectors @ known.vectors.T
    assert found.persons.tolist() == sorted(set(persons[(cosines >= reach).any(axis=0)].tolist()))
    excess = cosines - THRESHOLDS[batch.cameras[:, None], known.cameras]
    for column, person in enumerate(found.persons.tolist()):
        assert (known.persons[found.row[:, column]] == person).all()
        nearest = cosines[np.arange(6), found.row[:, column]]
        np.testing.assert_allclose(found.similarity[:, column], nearest, atol=1e-6)
        demanded = THRESHOLDS[batch.cameras, known.cameras[found.row[:, column]]]
        np.testing.assert_allclose(found.excess[:, column], nearest - demanded, atol=1e-6)
        assert (found.excess[:, column] <= excess[:, persons == person].max(axis=1) + 1e-6).all()


def test_nobody_within_reach_is_a_table_without_columns() -> None:
    batch, known = arrays([(0, "door", 10, 15)]), arrays([(180, "door", 0, 5)], [7])
    found = near(batch, known, 0.5)
    assert found.persons.tolist() == []
    assert found.similarity.shape == found.row.shape == (1, 0)


def test_tracks_of_nobody_are_passed_over() -> None:
    batch, known = arrays([(0, "door", 10, 15)]), arrays([(0, "door", 0, 5), (1, "door", 0, 5)], [NOBODY, 3])
    assert near(batch, known, 0.5).persons.tolist() == [3]


def test_a_person_near_one_of_a_batch_is_looked_at_for_all() -> None:
    batch = arrays([(0, "door", 10, 15), (90, "door", 20, 25)])
    found = near(batch, arrays([(0, "door", 0, 5)], [3]), 0.9)
    np.testing.assert_allclose(found.similarity, [[1.0], [0.0]], atol=1e-6)
