"""Arithmetic on boxes: (N, 4) float32, x1 y1 x2 y2 in pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How an image is shrunk or grown into a network's input: to the top left, keeping its proportions.

    Attributes:
        scale: pixels of the input per pixel of the image.
        height: of the scaled image, pixels.
        width: of the scaled image, pixels.
    """

    scale: float
    height: int
    width: int


def letterbox(image_height: int, image_width: int, *, height: int, width: int) -> Letterbox:
    """The largest size that fits into (height, width)."""
    scale = min(height / image_height, width / image_width)
    return Letterbox(scale, max(1, int(image_height * scale)), max(1, int(image_width * scale)))


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """(N,) square pixels; 0 for a box whose corners are swapped."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
    square_px: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return square_px


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """(N, M) overlap of every box of `a` with every box of `b`, as intersection over union; 0 for empty boxes."""
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    sides = np.maximum(np.minimum(a[:, None, 2:], b[None, :, 2:]) - corner, 0.0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    overlaps: NDArray[np.float32] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlaps


def clip(boxes: Boxes, *, height: int, width: int) -> Boxes:
    """The boxes cut to an image."""
    return np.clip(boxes, 0.0, np.array([width, height, width, height], np.float32))


def nms(boxes: Boxes, scores: NDArray[np.float32], *, max_iou: float, max_boxes: int) -> NDArray[np.intp]:
    """Which boxes remain when every box that overlaps a better one too much is dropped.

    Args:
        boxes: (N, 4).
        scores: (N,); equal scores are taken in the order of the rows.
        max_iou: two boxes that overlap more are taken for one person.
        max_boxes: no more than this many remain.

    Returns:
        (K,) rows, best score first.
    """
    order = np.argsort(-scores, kind="stable")
    overlaps = iou(boxes[order], boxes[order]) > max_iou
    kept: list[int] = []
    left = np.arange(len(order))
    while len(left) and len(kept) < max_boxes:
        best, others = left[0], left[1:]
        kept.append(best)
        left = others[~overlaps[best, others]]
    return order[np.array(kept, np.intp)]
