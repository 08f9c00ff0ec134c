import numpy as np
import pytest

from benchmarks.accuracy.detection_quality import Footage, quality
from detectors.detections import Detections

TRUTH = np.array([[0, 0, 10, 20], [30, 0, 40, 20], [60, 0, 70, 20]], np.float32)
WANTED = np.array([True, True, False])


def footage(boxes: np.ndarray = TRUTH, is_wanted: np.ndarray = WANTED) -> Footage:
    return Footage("one image", [np.zeros((30, 80, 3), np.uint8)], [boxes], [is_wanted])


def found(rows: list[int], scores: list[float], *, shift: float = 0.0) -> Detections:
    return Detections(TRUTH[rows] + np.float32(shift), np.array(scores, np.float32))


def test_all_who_are_wanted_and_nobody_else() -> None:
    result = quality([found([0, 1], [0.9, 0.8])], footage())
    assert (result.precision, result.recall, result.average_precision) == (1.0, 1.0, 1.0)


def test_those_to_be_ignored_count_neither_way() -> None:
    result = quality([found([2, 0], [0.9, 0.8])], footage())
    assert (result.precision, result.recall) == (1.0, 0.5)


def test_a_second_box_on_somebody_is_wrong() -> None:
    result = quality([found([0, 0, 1], [0.9, 0.8, 0.7])], footage())
    assert result.precision == pytest.approx(2 / 3)
    assert result.recall == 1.0
    assert result.average_precision == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_boxes_that_fit_poorly_are_wrong() -> None:
    result = quality([found([0, 1], [0.9, 0.8], shift=6)], footage())
    assert (result.precision, result.recall, result.average_precision) == (0.0, 0.0, 0.0)


def test_nothing_found_and_nothing_to_find() -> None:
    nobody = found([], [])
    assert quality([nobody], footage()).recall == 0.0
    empty = footage(np.zeros((0, 4), np.float32), np.zeros(0, bool))
    assert (
        quality(
            [nobody, found([0], [0.9])], Footage("two", [], [TRUTH, empty.boxes[0]], [WANTED, empty.is_wanted[0]])
        ).precision
        == 0.0
    )
