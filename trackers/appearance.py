"""What people wear, roughly: the mean colours of a few bands of each box, cheap enough for every frame.

Too little to know anybody by, but enough to see that a box is not of the person who stood there a moment ago.
"""

import numpy as np
from numpy.typing import NDArray

BANDS = 6
"""From head to foot."""
SIDE, TOP = 0.22, 0.06
"""Shares of the box that are left out on each side, and above and below: mostly background."""
EVERY = 3
"""Only every so many-th pixel of a row, and row, is looked at: of somebody 60 pixels tall three rows a band."""
LUMA = 0.5
"""Weight of brightness beside colour: shadows change it."""

Appearance = NDArray[np.float32]
"""(N, BANDS * 3): yellow-blue, red-green and half the brightness of each band, in grey levels."""


def no_appearance() -> Appearance:
    """Of nobody."""
    return np.empty((0, BANDS * 3), np.float32)


def measure_appearance(image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> Appearance:
    """The appearance of boxes in an image.

    Args:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) float32 xyxy pixels; what lies outside of the image is not looked at.
    """
    height, width = image.shape[:2]
    size = boxes[:, 2:] - boxes[:, :2]
    inner = boxes + np.array([SIDE, TOP, -SIDE, -TOP]) * np.tile(size, 2)
    limits = np.array([width - 1, height - 1])
    first = np.clip(inner[:, :2], 0, limits).astype(np.intp)
    last = np.clip(inner[:, 2:], first + 1, limits + 1).astype(np.intp)
    colours = np.empty((len(boxes), BANDS, 3))
    for row, ((left, top), (right, bottom)) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        colours[row] = _bands(image[top:bottom:EVERY, left:right:EVERY])
    red, green, blue = np.moveaxis(colours, 2, 0)
    look = np.stack([(red + green) / 2 - blue, red - green, LUMA * (red + green + blue) / 3], axis=2)
    return np.asarray(look.reshape(len(boxes), BANDS * 3), np.float32)


def _bands(patch: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(BANDS, 3): mean colours of an image's bands; one of few rows has some of them in two bands."""
    rows = patch.sum(axis=1, dtype=np.uint32) / patch.shape[1]
    edges = np.arange(BANDS + 1) * len(rows) // BANDS
    if len(rows) < BANDS:
        return np.asarray(rows[edges[:-1]])
    return np.asarray(np.add.reduceat(rows, edges[:-1], axis=0) / np.diff(edges)[:, None])


def differences(a: Appearance, b: Appearance) -> NDArray[np.float32]:
    """(K,) of appearances row by row: the median over the bands of how far apart their colours are, in grey levels.

    The median, because a bag, a table or another person may hide some of the bands.
    """
    apart = np.abs(a - b).reshape(len(a), BANDS, 3).sum(axis=2)
    return np.asarray(np.median(apart, axis=1), np.float32)
