"""The cells of networks that say something for each cell of a grid, at several strides."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Boxes

STRIDES_PX = (8, 16, 32)


def grid(
    height: int, width: int, strides: Sequence[int] = STRIDES_PX
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cell (A, 2) as x, y, and stride (A, 1) in pixels, row by row, the finest first; a cell cut by the edge counts."""
    cells, sizes = [], []
    for stride in strides:
        y, x = np.mgrid[: -(-height // stride), : -(-width // stride)]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        sizes.append(np.full((x.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def cell_count(height: int, width: int, strides: Sequence[int] = STRIDES_PX) -> int:
    """A: the cells of all strides."""
    return sum(-(-height // stride) * -(-width // stride) for stride in strides)


def corners(centres_and_sizes: NDArray[np.float32]) -> Boxes:
    """(N, 4) centre x, centre y, width, height -> x1 y1 x2 y2."""
    centres, halves = centres_and_sizes[:, :2], centres_and_sizes[:, 2:4] * np.float32(0.5)
    return np.concatenate([centres - halves, centres + halves], axis=1)
