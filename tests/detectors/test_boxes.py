import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.boxes import areas, clip, iou, letterbox, nms

Boxes = NDArray[np.float32]


def boxes(*rows: tuple[float, float, float, float]) -> Boxes:
    return np.array(rows, np.float32).reshape(-1, 4)


def some_boxes(n: int, seed: int = 0) -> Boxes:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 100, (n, 2))
    return np.concatenate([corner, corner + random.uniform(5, 60, (n, 2))], axis=1).astype(np.float32)


def test_overlap_is_intersection_over_union() -> None:
    square = boxes((0, 0, 10, 10))
    others = boxes((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10), (2, 2, 4, 4))
    np.testing.assert_allclose(iou(square, others), [[1, 1 / 3, 0, 0.04]], rtol=1e-6)


def test_overlap_is_symmetric_and_follows_the_rows() -> None:
    a, b = some_boxes(7, 1), some_boxes(5, 2)
    np.testing.assert_array_equal(iou(a, b), iou(b, a).T)
    np.testing.assert_array_equal(iou(a[::-1], b), iou(a, b)[::-1])


def test_empty_boxes_overlap_nothing() -> None:
    point = boxes((3, 3, 3, 3), (5, 5, 4, 4))
    assert not iou(point, point).any()
    assert iou(boxes(), point).shape == (0, 2)
    assert not areas(point).any()


def test_boxes_are_cut_to_the_image() -> None:
    np.testing.assert_array_equal(clip(boxes((-5, -5, 50, 20)), height=10, width=30), boxes((0, 0, 30, 10)))


@pytest.mark.parametrize(
    ("height", "width", "scaled"), [(100, 200, (50, 100)), (200, 100, (100, 50)), (1, 999, (1, 100))]
)
def test_a_letterbox_keeps_proportions_and_at_least_a_pixel(height: int, width: int, scaled: tuple[int, int]) -> None:
    fit = letterbox(height, width, height=100, width=100)
    assert (fit.height, fit.width) == scaled


def test_of_boxes_on_one_person_the_best_remains() -> None:
    found = nms(
        boxes((0, 0, 10, 10), (1, 0, 11, 10), (30, 0, 40, 10)),
        np.array([0.5, 0.9, 0.7], np.float32),
        max_iou=0.5,
        max_boxes=10,
    )
    np.testing.assert_array_equal(found, [1, 2])


def test_what_remains_does_not_depend_on_the_order_of_the_rows() -> None:
    some, scores = some_boxes(60), np.random.default_rng(3).permutation(60).astype(np.float32)
    kept = nms(some, scores, max_iou=0.3, max_boxes=60)
    order = np.random.default_rng(4).permutation(60)
    np.testing.assert_array_equal(order[nms(some[order], scores[order], max_iou=0.3, max_boxes=60)], kept)
    overlaps = iou(some[kept], some[kept])
    assert (overlaps - np.eye(len(kept)) <= 0.3).all()


def test_no_more_boxes_remain_than_asked_for() -> None:
    apart = boxes(*[(20.0 * i, 0.0, 20.0 * i + 10, 10.0) for i in range(9)])
    np.testing.assert_array_equal(nms(apart, np.arange(9, dtype=np.float32), max_iou=0.5, max_boxes=2), [8, 7])
    assert len(nms(boxes(), np.empty(0, np.float32), max_iou=0.5, max_boxes=2)) == 0
