import numpy as np
import pytest

from trackers.motion import Motion, MotionParams, begin, boxes_of, correct, predict

PARAMS = MotionParams()
BOXES = np.array([[0.0, 10.0, 40.0, 110.0], [300.0, 50.0, 380.0, 250.0]]).T


def moving() -> Motion:
    """Two people seen five times while they walk to the right and down."""
    motion = begin(BOXES, PARAMS)
    for step in range(1, 5):
        motion = correct(predict(motion, 0.1, PARAMS), BOXES + 3 * step, PARAMS)
    return motion


def assert_same(one: Motion, other: Motion) -> None:
    np.testing.assert_allclose(one.means, other.means, rtol=1e-12)
    np.testing.assert_allclose(one.spread, other.spread, rtol=1e-12)


def test_a_new_box_stands_where_it_was_seen() -> None:
    np.testing.assert_allclose(boxes_of(begin(BOXES, PARAMS)), BOXES)
    np.testing.assert_allclose(boxes_of(predict(begin(BOXES, PARAMS), 1.0, PARAMS)), BOXES)


def test_two_short_steps_are_one_long_step() -> None:
    assert_same(predict(predict(moving(), 0.03, PARAMS), 0.07, PARAMS), predict(moving(), 0.1, PARAMS))


def test_a_step_for_all_is_the_same_step_for_each() -> None:
    assert_same(predict(moving(), np.array([0.2, 0.2]), PARAMS), predict(moving(), 0.2, PARAMS))


def test_a_row_does_not_depend_on_the_others() -> None:
    alone = predict(moving().take(np.array([1])), 0.2, PARAMS)
    assert_same(alone, predict(moving(), 0.2, PARAMS).take(np.array([1])))


def test_the_speed_of_someone_who_walks_is_found() -> None:
    motion = begin(BOXES, PARAMS)
    for step in range(1, 61):
        motion = correct(predict(motion, 1 / 30, PARAMS), BOXES + 2 * step, PARAMS)
    np.testing.assert_allclose(motion.means[1], 60, rtol=0.01)
    np.testing.assert_allclose(boxes_of(motion), BOXES + 120, atol=0.5)


def test_the_filter_is_the_matrix_filter_of_each_coordinate() -> None:
    """The textbook's predict and correct, written out with 2 x 2 matrices for the x of the first box."""
    step_s, seen = 0.04, 25.0
    mean, covariance = np.array([20.0, 0.0]), np.diag([PARAMS.box_std**2, PARAMS.start_speed_std**2])
    transition = np.array([[1.0, step_s], [0.0, 1.0]])
    push = PARAMS.push_std**2 * np.array([[step_s**3 / 3, step_s**2 / 2], [step_s**2 / 2, step_s]])
    noise = push + np.diag([PARAMS.wander_std**2 * step_s, 0.0])
    mean, covariance = transition @ mean, transition @ covariance @ transition.T + noise
    gain = covariance[:, 0] / (covariance[0, 0] + PARAMS.box_std**2)
    mean, covariance = mean + gain * (seen - mean[0]), covariance - np.outer(gain, covariance[0])

    motion = correct(predict(begin(BOXES, PARAMS), step_s, PARAMS), BOXES + 5, PARAMS)

    np.testing.assert_allclose(motion.means[:2, 0, 0], mean)
    np.testing.assert_allclose(motion.spread[:3, 0], covariance[[0, 0, 1], [0, 1, 1]])


@pytest.mark.parametrize("scale", [0.1, 10.0])
def test_people_near_and_far_are_filtered_alike(scale: float) -> None:
    near, far = moving(), begin(BOXES * scale, PARAMS)
    for step in range(1, 5):
        far = correct(predict(far, 0.1, PARAMS), (BOXES + 3 * step) * scale, PARAMS)
    np.testing.assert_allclose(far.means, near.means * scale)
    np.testing.assert_allclose(far.spread, near.spread)


def test_sizes_stay_above_nought_however_long_unseen() -> None:
    assert (predict(moving(), 1e4, PARAMS).means[2] > 0).all()


def test_certainty_falls_unseen_and_rises_seen() -> None:
    before, unseen = moving(), predict(moving(), 1.0, PARAMS)
    assert (unseen.spread[[0, 2, 3]] > before.spread[[0, 2, 3]]).all()
    assert (correct(unseen, BOXES, PARAMS).spread[[0, 2, 3]] < unseen.spread[[0, 2, 3]]).all()


def test_put_replaces_the_rows_it_names_and_leaves_the_original() -> None:
    original, other = moving(), begin(BOXES[:, :1], PARAMS)
    changed = original.put(np.array([1]), other)
    assert_same(changed.take(np.array([1])), other)
    assert_same(changed.take(np.array([0])), original.take(np.array([0])))
    assert_same(original, moving())


def test_nobody_is_tracked_without_complaint() -> None:
    nobody = begin(np.empty((4, 0)), PARAMS)
    assert boxes_of(correct(predict(nobody, 0.1, PARAMS), np.empty((4, 0)), PARAMS)).shape == (4, 0)
