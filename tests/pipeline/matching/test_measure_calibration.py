import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.matching.calibration import CalibrationError
from pipeline.matching.measure_calibration import (
    LabelledVectors,
    Similarities,
    compare,
    measure_calibration,
    pool,
    threshold_at,
)


def people(persons: int, *, noise: float = 0.6, cameras: str = "abc", seed: int = 0) -> LabelledVectors:
    """Each person once in each camera: a direction of his own, and noise."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(persons, 1, 16)) + noise * rng.normal(size=(persons, len(cameras), 16))
    vectors = own.reshape(-1, 16)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return LabelledVectors(
        np.repeat(np.arange(persons), len(cameras)), tuple(cameras) * persons, vectors.astype(np.float32)
    )


def draws(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def falling(values: list[float]) -> NDArray[np.float32]:
    return np.array(values, np.float32)


def test_pairs_are_of_different_cameras_and_each_is_counted_once() -> None:
    by_pair = compare(people(4), draws())
    assert list(by_pair) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [(len(each.same), len(each.different)) for each in by_pair.values()] == [(4, 12)] * 3
    assert (by_pair["a", "b"].first != by_pair["a", "b"].second).all()


def test_the_order_of_the_tracklets_does_not_matter() -> None:
    labelled = people(30)
    order = draws(7).permutation(len(labelled.persons))
    shuffled = LabelledVectors(
        labelled.persons[order], tuple(labelled.cameras[i] for i in order), labelled.vectors[order]
    )
    straight, mixed = pool(compare(labelled, draws())), pool(compare(shuffled, draws()))
    np.testing.assert_allclose(np.sort(straight.different), np.sort(mixed.different), atol=1e-6)


def test_more_pairs_than_are_needed_are_drawn_without_repeats() -> None:
    drawn = compare(people(20, cameras="ab"), draws(), max_different=50)["a", "b"]
    assert len(drawn.different) == 50
    assert len(set(zip(drawn.first.tolist(), drawn.second.tolist(), strict=True))) == 50


@pytest.mark.parametrize(("rate", "passed"), [(0.2, 2), (0.25, 2), (0.0, 0), (0.9, 9)])
def test_the_threshold_lets_at_most_the_stated_share_pass(rate: float, passed: int) -> None:
    different = falling([0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, 0.0])
    assert (different >= threshold_at(different, rate)).sum() == passed


def test_ties_at_the_threshold_are_all_refused() -> None:
    assert not (falling([0.5] * 10) >= threshold_at(falling([0.5] * 10), 0.3)).any()


def test_the_rate_holds_for_other_people_and_the_interval_holds_the_threshold() -> None:
    found = measure_calibration(compare(people(150), draws()), model_id="m", false_match_rate=0.02, rng=draws())
    others = pool(compare(people(150, seed=9), draws()))
    assert (others.different >= found.overall.threshold).mean() == pytest.approx(0.02, abs=0.01)
    assert found.overall.interval[0] < found.overall.threshold < found.overall.interval[1]
    assert found.overall.true_match_rate == pytest.approx((others.same >= found.overall.threshold).mean(), abs=0.1)


def test_probabilities_of_other_people_are_the_shares_that_they_claim() -> None:
    found = measure_calibration(
        compare(people(150, noise=1), draws()), model_id="m", false_match_rate=0.02, rng=draws()
    )
    others = pool(compare(people(150, noise=1, seed=9), draws()))
    same, different = (found.probability(each, "x", "y") for each in (others.same, others.different))
    for low in (0.1, 0.3, 0.5, 0.7):
        in_bin = [((each >= low) & (each < low + 0.2)).mean() for each in (same, different)]
        assert in_bin[0] / sum(in_bin) == pytest.approx(low + 0.1, abs=0.15)


def test_only_pairs_of_cameras_with_enough_data_have_a_curve_of_their_own() -> None:
    by_pair = compare(people(60), draws())
    rare = by_pair["b", "c"]
    by_pair["b", "c"] = Similarities(rare.same[:5], rare.different, rare.first, rare.second)
    found = measure_calibration(by_pair, model_id="m", false_match_rate=0.01, rng=draws())
    assert [pair.cameras for pair in found.pairs] == [("a", "b"), ("a", "c")]
    assert found.threshold("c", "b") == found.overall.threshold


def test_people_who_never_overlap_give_a_finite_curve() -> None:
    found = measure_calibration(
        compare(people(60, noise=0.01), draws()), model_id="m", false_match_rate=0.01, rng=draws()
    )
    assert np.isfinite([found.overall.slope, found.overall.intercept]).all()
    assert found.overall.true_match_rate == 1


def test_the_same_seed_gives_the_same_calibration() -> None:
    first, second = (
        measure_calibration(compare(people(60), draws()), model_id="m", false_match_rate=0.01, rng=draws())
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("labelled", "rate", "complaint"),
    [
        (people(60, cameras="a"), 0.01, "two cameras or more"),
        (people(5), 0.01, "30 or more pairs of one person in two cameras, found 15"),
        (people(20), 0.001, "10000 or more pairs of different persons .* found 1140"),
    ],
)
def test_too_little_data_is_refused_with_what_is_missing(
    labelled: LabelledVectors, rate: float, complaint: str
) -> None:
    with pytest.raises(CalibrationError, match=complaint):
        measure_calibration(compare(labelled, draws()), model_id="m", false_match_rate=rate, rng=draws())


def test_labels_that_say_the_opposite_of_the_vectors_are_refused() -> None:
    right = compare(people(60, cameras="ab"), draws())["a", "b"]
    wrong = Similarities(-right.same, -right.different, right.first, right.second)
    with pytest.raises(CalibrationError, match="more similar ones"):
        measure_calibration({("a", "b"): wrong}, model_id="m", false_match_rate=0.01, rng=draws())


def test_vectors_that_are_not_unit_or_do_not_line_up_are_refused() -> None:
    with pytest.raises(ValueError, match="length 1"):
        LabelledVectors(np.array([1]), ("a",), np.array([[3, 4]], np.float32))
    with pytest.raises(ValueError, match="line up"):
        LabelledVectors(np.array([1, 2]), ("a",), np.array([[1, 0]], np.float32))
