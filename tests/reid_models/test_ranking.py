from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.ranking import DISTRACTOR, JUNK, Labelled, Precision, RankingError, rank


def labelled(persons: list[int], cameras: list[int]) -> Labelled:
    return Labelled(np.array(persons, np.int64), np.array(cameras, np.int64))


def test_one_query_by_hand() -> None:
    similarity = np.array([[0.9, 0.8, 0.7, 0.6, 0.5]])
    found = rank(similarity, labelled([7], [1]), labelled([7, 3, 7, JUNK, 7], [1, 1, 2, 2, 3]))
    np.testing.assert_allclose(found.cmc, [0, 1, 1, 1, 1])  # the first row is its own camera: ranks are 3, 7, 7
    assert found.mean_average_precision == pytest.approx(((0 + 1 / 2) / 2 + (1 / 2 + 2 / 3) / 2) / 2)
    assert (found.found_within(1), found.found_within(2), found.found_within(99)) == (0, 1, 1)


def test_a_query_with_nothing_to_find_is_not_counted() -> None:
    gallery = labelled([1, 2], [2, 2])
    found = rank(np.array([[0.9, 0.1], [0.9, 0.1]]), labelled([1, 5], [1, 1]), gallery)
    assert (found.queries, found.mean_average_precision, found.found_within(1)) == (1, 1.0, 1.0)
    assert np.isnan(found.average_precision[1])
    with pytest.raises(RankingError, match="expected at least one query with the same person in another camera"):
        rank(np.array([[0.9, 0.1]]), labelled([5], [1]), gallery)


def test_vectors_that_are_all_alike_gain_nothing() -> None:
    found = rank(np.ones((1, 4)), labelled([1], [1]), labelled([1, 2, 1, 3], [2, 2, 3, 2]))
    np.testing.assert_allclose(found.cmc, [0, 0, 1, 1])


def test_the_order_of_the_gallery_does_not_matter() -> None:
    random = np.random.default_rng(0)
    similarity, order = random.random((20, 60)), random.permutation(60)
    queries = Labelled(random.integers(0, 5, 20), random.integers(0, 3, 20))
    gallery = Labelled(random.integers(-1, 5, 60), random.integers(0, 3, 60))
    shuffled = rank(similarity[:, order], queries, Labelled(gallery.persons[order], gallery.cameras[order]))
    found = rank(similarity, queries, gallery)
    np.testing.assert_array_equal(found.cmc, shuffled.cmc)
    np.testing.assert_array_equal(found.average_precision, shuffled.average_precision)


def test_distractors_are_wrong_for_every_query_and_no_one_person() -> None:
    who = labelled([1, 1, DISTRACTOR, DISTRACTOR], [1, 2, 1, 2])
    similarity = np.array([[1, 0.5, 0.7, 0.6], [0.5, 1, 0.4, 0.3], [0.7, 0.4, 1, 0.9], [0.6, 0.3, 0.9, 1]])
    found = rank(similarity, who, who)
    assert found.queries == 2
    assert (found.found_within(1), found.found_within(3)) == (0.5, 1.0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_similarity_that_is_none_is_refused(value: float) -> None:
    similarity = np.array([[0.9, 0.1], [value, 0.2]])
    with pytest.raises(ValueError, match="expected finite similarities, found"):
        rank(similarity, labelled([1, 2], [1, 1]), labelled([1, 2], [2, 2]))


@pytest.mark.parametrize(("rows", "columns"), [(1, 3), (2, 2)])
def test_arrays_that_do_not_line_up_are_refused(rows: int, columns: int) -> None:
    with pytest.raises(ValueError, match="does not line up with 1 queries and 2 rows of the gallery"):
        rank(np.ones((rows, columns)), labelled([1], [1]), labelled([1, 1], [2, 3]))
    with pytest.raises(ValueError, match="do not line up as"):
        labelled([1, 2], [1])


@pytest.mark.shared
@pytest.mark.parametrize("file", ["eval_1.npz", "eval_2.npz", "eval_3.npz"])
@pytest.mark.parametrize(
    ("protocol", "precision"),
    [("a_cosam", "rectangular"), ("b_tkp", "trapezoidal"), ("c_ap3d", "rectangular"), ("d_matlab_mars", "trapezoidal")],
)
def test_ranking_agrees_with_the_published_scripts(
    shared: Path, file: str, protocol: str, precision: Precision
) -> None:
    with np.load(shared / "golden" / file) as golden:
        persons, cameras, queries = golden["pids_all"], golden["camids_all"], golden["query_idx"]
        rows = gallery_rows(protocol, persons, queries)
        found = rank(
            -golden["dist_all"][:, rows],
            Labelled(persons[queries], cameras[queries]),
            Labelled(persons[rows], cameras[rows]),
            precision=precision,
        )
        np.testing.assert_allclose(found.average_precision, golden[f"{protocol}_ap_per_query"], atol=1e-9)
        np.testing.assert_allclose(
            [found.found_within(k) for k in (1, 5, 10, 20)], golden[f"{protocol}_cmc"], atol=1e-6
        )
        assert found.mean_average_precision == pytest.approx(float(golden[f"{protocol}_map"]), abs=1e-6)
        assert found.queries == golden[f"{protocol}_n_valid"]


def gallery_rows(protocol: str, persons: NDArray[np.int64], queries: NDArray[np.int64]) -> NDArray[Any]:
    """Which rows a script ranks: MARS all of them, COSAM neither junk nor queries, the others both."""
    if protocol == "d_matlab_mars":
        return np.arange(len(persons))
    others = np.setdiff1d(np.flatnonzero(persons != JUNK), queries)
    return others if protocol == "a_cosam" else np.concatenate([queries, others])


def test_ranks_are_those_of_a_sort_of_each_query_alone() -> None:
    random = np.random.default_rng(0)
    # Few levels: many rows are equally alike. More queries than one block holds.
    similarity = random.integers(0, 12, (300, 90)).astype(np.float32)
    queries = Labelled(random.integers(0, 8, 300), random.integers(0, 3, 300))
    gallery = Labelled(random.integers(-2, 8, 90), random.integers(0, 3, 90))
    found = rank(similarity, queries, gallery, precision="rectangular")
    for row in range(300):
        is_same = gallery.persons == queries.persons[row]
        keep = (gallery.persons != JUNK) & ~(is_same & (gallery.cameras == queries.cameras[row]))
        hits = is_same[keep]
        order = np.lexsort((hits, -similarity[row, keep]))
        places = np.flatnonzero(hits[order])
        assert found.first_place[row] == (places[0] if len(places) else -1)
        expected = np.mean(np.arange(1, len(places) + 1) / (places + 1)) if len(places) else np.nan
        np.testing.assert_allclose(found.average_precision[row], expected)
        penalty = len(places) / (places[-1] + 1) if len(places) else np.nan
        np.testing.assert_allclose(found.inverse_penalty[row], penalty)


def test_who_has_nobody_to_find_may_count_as_having_found_nobody() -> None:
    found = rank(np.array([[0.9, 0.1], [0.9, 0.1]]), labelled([1, 5], [1, 1]), labelled([1, 2], [2, 2]))
    every = found.with_unmatched()
    assert (every.queries, every.mean_average_precision, every.found_within(1)) == (2, 0.5, 0.5)
    assert every.mean_inverse_penalty == 0.5
