"""What people wear, roughly: the mean colours of a few bands of each box, cheap enough for every frame.

Too little to know anybody by, but enough to see that a box is not of the person who stood there a moment ago.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

BANDS = 6
"""From head to foot."""
SIDE, TOP = 0.22, 0.06
"""Shares of the box that are left out on each side, and above and below: mostly background."""
SHRUNK = 4
"""Pictures are looked at in so many times smaller: a band of somebody 60 pixels tall is two rows then."""
LUMA = 0.5
"""Weight of brightness beside colour: shadows change it."""

Looks = NDArray[np.float32]
"""(N, BANDS * 3): yellow-blue, red-green and half the brightness of each band, in grey levels."""


def no_looks() -> Looks:
    """Of nobody."""
    return np.empty((0, BANDS * 3), np.float32)


def looks_of(image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> Looks:
    """The looks of boxes in a picture.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) float32 xyxy pixels; what lies outside of the picture is not looked at.
    """
    height, width = (max(1, side // SHRUNK) for side in image.shape[:2])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    sums = cv2.integral(small, sdepth=cv2.CV_64F)
    scale = np.array([width / image.shape[1], height / image.shape[0]])
    corner, size = boxes[:, :2] * scale, (boxes[:, 2:] - boxes[:, :2]) * scale
    x1 = np.clip(corner[:, 0] + SIDE * size[:, 0], 0, width - 1).astype(np.intp)
    x2 = np.clip(np.rint(corner[:, 0] + (1 - SIDE) * size[:, 0]).astype(np.intp), x1 + 1, width)
    edges = TOP + (1 - 2 * TOP) * np.linspace(0, 1, BANDS + 1)
    y = corner[:, 1:] + edges * size[:, 1:]
    y1 = np.clip(y[:, :-1], 0, height - 1).astype(np.intp)
    y2 = np.clip(np.rint(y[:, 1:]).astype(np.intp), y1 + 1, height)
    x1, x2 = x1[:, None], x2[:, None]
    total = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
    red, green, blue = np.moveaxis(total / ((y2 - y1) * (x2 - x1))[..., None], 2, 0)
    look = np.stack([(red + green) / 2 - blue, red - green, LUMA * (red + green + blue) / 3], axis=2)
    return np.asarray(look.reshape(len(boxes), BANDS * 3), np.float32)


def differences(a: Looks, b: Looks) -> NDArray[np.float32]:
    """(K,) of looks row by row: the median over the bands of how far apart their colours are, in grey levels.

    The median, because a bag, a table or another person may hide some of the bands.
    """
    apart = np.abs(a - b).reshape(len(a), BANDS, 3).sum(axis=2)
    return np.asarray(np.median(apart, axis=1), np.float32)
