"""Two detectors on the same images: whether they see the same people."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from detectors.boxes import iou
from detectors.detections import Detections
from export.verification.figures import BoxFigures

LEAST_IOU = 0.5


def compare_boxes(one: Sequence[Detections], other: Sequence[Detections]) -> BoxFigures:
    """How far two detectors lie apart; boxes of an image are assigned one to one, so that they overlap most."""
    shared = [_shared(a.boxes, b.boxes) for a, b in zip(one, other, strict=True)]
    overlaps = np.concatenate(shared) if shared else np.zeros(0, np.float32)
    boxes, others = sum(map(len, one)), sum(map(len, other))
    return BoxFigures(
        images=len(one),
        boxes=boxes,
        found_again=len(overlaps) / boxes if boxes else 1.0,
        confirmed=len(overlaps) / others if others else 1.0,
        overlap=float(overlaps.mean()) if len(overlaps) else float(not boxes and not others),
    )


def _shared(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """(K,) IoU of the pairs that are one person."""
    overlaps = iou(one, other)
    rows, columns = linear_sum_assignment(-np.where(overlaps >= LEAST_IOU, overlaps, 0.0))
    found = overlaps[rows, columns]
    return found[found >= LEAST_IOU]
