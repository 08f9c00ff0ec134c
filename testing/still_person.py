"""A detector network that sees one person who never moves: events without footage of anybody."""

from pathlib import Path

import numpy as np

from detectors.yolox import YOLOX
from reid_runtime.adopt import adopt
from testing.networks import constant_network

SIDE_PX = 32
STRIDE_PX = 8
SIZE_PX = (4.0, 10.0)
"""Width and height of the person in the network's input; in images of 320x240 ten times that."""
ANCHORS = 16 + 4 + 1
CELL = 5
"""Second column and second row of the finest grid: the person stands about at (120, 120) of 320x240."""


def still_person(path: Path) -> Path:
    """Writes the network with its card, and tells where."""
    output = np.zeros((1, ANCHORS, 6), np.float32)
    log_size = np.log(np.array(SIZE_PX) / STRIDE_PX)
    output[0, CELL] = (0.5, 0.5, *log_size, 0.95, 0.95)
    constant_network(path, [1, 3, SIDE_PX, SIDE_PX], output)
    adopt(path, YOLOX, name="still", licence="CC0-1.0", origin="made in a test")
    return path
