import numpy as np
import pytest

from detectors.detections import Detections
from trackers.association import Floats, Pairs
from trackers.motion import Motion, MotionParams, begin, boxes_of, correct, predict
from trackers.ocsort import TRAIL, Observed, OcSort, first_observed, same_direction, walk_to

PARAMS = MotionParams()
BOX = np.array([[100.0, 100.0, 140.0, 200.0]]).T
STEP_S = 1 / 30


def box_at(x: float, y: float = 150.0) -> Floats:
    return np.array([[x - 20, y - 50, x + 20, y + 50]]).T


def walked(points: list[tuple[float, float]], step_s: float = STEP_S) -> Observed:
    """One track that was seen at some centres."""
    observed = first_observed(box_at(*points[0]), begin(box_at(*points[0]), PARAMS), 0.0)
    for index, point in enumerate(points[1:], start=1):
        observed = observed.see(np.array([0]), box_at(*point), observed.belief, index * step_s)
    return observed


def agreement(observed: Observed, x: float, y: float) -> float:
    pairs = Pairs(np.array([0]), np.array([0]), np.ones(1))
    return float(same_direction(observed, box_at(x, y), pairs, direction_s=0.12)[0])


@pytest.mark.parametrize(
    ("x", "y", "expected"), [(200, 150, 0.5), (-200, 150, -0.5), (103, 450, 0.0), (200, 250, 0.254)]
)
def test_direction_is_worth_most_straight_ahead_and_least_backwards(x: float, y: float, expected: float) -> None:
    observed = walked([(100.0 + step, 150.0) for step in range(4)])
    assert agreement(observed, x, y) == pytest.approx(expected, abs=0.01)


def test_someone_who_was_seen_once_has_no_direction() -> None:
    assert agreement(walked([(100, 150)]), 200, 150) == pytest.approx(0)


def test_someone_who_stands_has_no_direction() -> None:
    assert agreement(walked([(100, 150)] * 5), 200, 150) == pytest.approx(0)


def test_direction_forgets_what_was_longer_ago_than_its_time() -> None:
    came_down_then_right = [(100.0, 100.0 + 10 * step) for step in range(6)] + [
        (100.0 + 5 * s, 150) for s in range(1, 5)
    ]
    assert agreement(walked(came_down_then_right), 300, 150) == pytest.approx(0.5, abs=0.01)


def test_direction_at_a_low_rate_is_that_of_the_last_two_observations() -> None:
    assert agreement(walked([(100, 100), (100, 150), (150, 150)], step_s=0.5), 300, 150) == pytest.approx(0.5)


def test_the_trail_keeps_the_last_observations() -> None:
    observed = walked([(float(step), 150.0) for step in range(20)])
    assert observed.trail[:, 0, 0].tolist() == list(range(20 - TRAIL, 20))


def seen_for_a_while() -> Motion:
    belief = begin(BOX, PARAMS)
    for _ in range(10):
        belief = correct(predict(belief, STEP_S, PARAMS), BOX, PARAMS)
    return belief


def test_a_walk_over_one_missed_frame_is_two_corrections_on_the_line() -> None:
    belief, found = seen_for_a_while(), BOX + 8
    half = correct(predict(belief, STEP_S, PARAMS), BOX + 4, PARAMS)
    expected = correct(predict(half, STEP_S, PARAMS), found, PARAMS)
    made = walk_to(belief, BOX, found, np.array([2 * STEP_S]), np.array([1]), PARAMS)
    np.testing.assert_allclose(made.means, expected.means)
    np.testing.assert_allclose(made.spread, expected.spread)


def test_after_a_walk_the_speed_is_that_of_the_line() -> None:
    made = walk_to(seen_for_a_while(), BOX, BOX + 60, np.array([1.0]), np.array([29]), PARAMS)
    np.testing.assert_allclose(made.means[1], 60, rtol=0.15)
    np.testing.assert_allclose(boxes_of(made), BOX + 60, atol=2)


def test_each_track_walks_its_own_gap() -> None:
    belief, both = seen_for_a_while(), np.hstack([BOX, BOX])
    gap_s, missed, found = np.array([0.1, 0.5]), np.array([2, 14]), np.hstack([BOX + 5, BOX - 30])
    together = walk_to(belief.join(belief), both, found, gap_s, missed, PARAMS)
    for row in range(2):
        one = slice(row, row + 1)
        alone = walk_to(belief, BOX, found[:, one], gap_s[one], missed[one], PARAMS)
        np.testing.assert_allclose(together.means[:, :, one], alone.means)
        np.testing.assert_allclose(together.spread[:, one], alone.spread)


def test_someone_who_stops_while_hidden_is_recovered_where_last_seen() -> None:
    """The prediction walks on; the last observation does not (OCR)."""
    tracker, ids = OcSort(), set()
    for frame in range(90):
        x = 100 + 6.0 * min(frame, 30)
        boxes = np.empty((0, 4)) if 31 <= frame < 60 else np.array([[x, 100, x + 40, 200]])
        detections = Detections(boxes.astype(np.float32), np.full(len(boxes), 0.9, np.float32))
        ids |= set(tracker.update(detections, frame * STEP_S).ids.tolist())
    assert ids == {1}
