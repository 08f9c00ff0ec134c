from itertools import permutations

import numpy as np
import pytest

from detectors.detections import Detections
from trackers.association import Floats, Pairs, assign, overlapping_pairs, unclaimed_rows, usable_rows


def corners(*boxes: tuple[float, float, float, float]) -> Floats:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4).T


def pairs_of(gains: Floats) -> Pairs:
    """Every pair of a matrix with a gain above nought."""
    rows, columns = np.nonzero(gains > 0)
    return Pairs(rows, columns, gains[rows, columns])


def test_only_boxes_that_touch_are_pairs() -> None:
    pairs = overlapping_pairs(
        corners((0, 0, 10, 10), (100, 0, 110, 10)), corners((200, 0, 210, 10), (5, 0, 15, 10), (10, 0, 20, 10))
    )
    assert (pairs.tracks.tolist(), pairs.detections.tolist()) == ([0], [1])


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 15, 10), 1 / 3),  # IoU 50 / 150, the same vertical extent
        ((0, 5, 10, 15), 1 / 9),  # the same IoU, of the vertical extents 5 / 15
    ],
)
def test_overlap_is_iou_times_that_of_the_heights(other: tuple[float, float, float, float], overlap: float) -> None:
    assert overlapping_pairs(corners((0, 0, 10, 10)), corners(other)).overlap == pytest.approx([overlap])


@pytest.mark.parametrize(("tracks", "detections"), [(0, 3), (3, 0), (0, 0)])
def test_nobody_and_nothing_make_no_pair(tracks: int, detections: int) -> None:
    assert len(overlapping_pairs(np.ones((4, tracks)), np.ones((4, detections)))) == 0


def test_no_pairs_join_nothing() -> None:
    none = pairs_of(np.zeros((2, 2)))
    assert len(assign(none, none.overlap, [np.ones(0, dtype=bool)])) == 0


@pytest.mark.parametrize("seed", range(20))
def test_the_assignment_is_the_best_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    gains = random.random((5, 5)) * (random.random((5, 5)) < 0.5)
    pairs = pairs_of(gains)
    joined = assign(pairs, pairs.overlap, [np.ones(len(pairs), dtype=bool)])
    best = max(sum(gains[row, column] for row, column in enumerate(order)) for order in permutations(range(5)))
    assert joined.overlap.sum() == pytest.approx(best)
    assert len(set(joined.tracks)) == len(set(joined.detections)) == len(joined)


def test_joined_pairs_come_in_order_of_their_tracks() -> None:
    random = np.random.default_rng(1)
    pairs = pairs_of(random.random((30, 30)) * (random.random((30, 30)) < 0.05))
    joined = assign(pairs, pairs.overlap, [pairs.overlap > 0.5, pairs.overlap > 0])
    assert joined.tracks.tolist() == sorted(joined.tracks.tolist())


def test_a_stage_takes_from_the_later_ones_even_what_they_gain_more_by() -> None:
    pairs = pairs_of(np.array([[0.2, 0.0], [0.9, 0.0], [0.8, 0.1]]))
    first = pairs.tracks == 0
    joined = assign(pairs, pairs.overlap, [first, ~first])
    assert (joined.tracks.tolist(), joined.detections.tolist()) == ([0, 2], [0, 1])


def test_unclaimed_detections_come_from_left_to_right() -> None:
    boxes = corners((30, 0, 40, 9), (10, 5, 20, 9), (10, 0, 20, 9), (0, 0, 5, 9), (90, 0, 95, 9))
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.1], np.float32)
    assert unclaimed_rows(boxes, scores, 0.5, np.array([3])).tolist() == [2, 1, 0]


def test_rows_without_a_box_or_a_score_are_not_usable() -> None:
    boxes = [(0, 0, 5, 5), (0, 0, 5, 5), (0, 0, 0, 5), (0, 5, 5, 0), (0, np.nan, 5, 5), (0, 0, np.inf, 5)]
    scores = np.array([0.5, 0.4, 0.9, 0.9, 0.9, 0.9], np.float32)
    assert usable_rows(Detections(np.array(boxes, np.float32), scores), 0.5).tolist() == [0]
