"""A network that sees given people, for detectors of the family YOLOX."""

import numpy as np
from numpy.typing import NDArray

from detectors.grid import STRIDES_PX
from reid_runtime.card import DetectionSpec, ModelCard, Pixels
from testing.networks import MemorySession, card

SIDE_PX = 64


def yolox_session(*people: tuple[float, float, float, float, float], batch: int | None = None) -> MemorySession:
    """Sees the people (x1, y1, x2, y2 in pixels of its input, score) in every image that is not black."""
    rows = yolox_rows(*people)
    return MemorySession(yolox_card(batch), lambda images: rows[None] * (images[:, :1, 0, :1] > 0))


def yolox_card(batch: int | None = None) -> ModelCard:
    """Of a network that takes so many images at once; None: any number."""
    return card(
        (batch, 3, SIDE_PX, SIDE_PX),
        family="yolox",
        pixels=Pixels(order="bgr", layout="nchw"),
        detection=DetectionSpec(SIDE_PX, SIDE_PX, "top-left", 0),
    )


def yolox_rows(*people: tuple[float, float, float, float, float]) -> NDArray[np.float32]:
    """(A, 7): undecoded rows, each person in the anchor of stride 8 that holds the centre; two classes."""
    rows = np.zeros((sum((SIDE_PX // stride) ** 2 for stride in STRIDES_PX), 7), np.float32)
    for x1, y1, x2, y2, score in people:
        x, y = (x1 + x2) / 2 / 8, (y1 + y2) / 2 / 8
        row = int(y) * (SIDE_PX // 8) + int(x)
        rows[row] = [x - int(x), y - int(y), np.log((x2 - x1) / 8), np.log((y2 - y1) / 8), 1.0, score, 0.0]
    return rows
