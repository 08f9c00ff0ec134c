"""How an image is brought to the size of a network's input, and boxes back to the image."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Boxes, letterbox
from reid_runtime.card import DetectionSpec, Pixels

GREY = 114
"""What networks were trained to see beside an image that does not fill their input."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where an image lies in a network's input.

    Attributes:
        left: of the image in the input, pixels.
        top: see `left`.
        width: of the scaled image, pixels.
        height: see `width`.
        scale_x: pixels of the input per pixel of the image.
        scale_y: see `scale_x`.
    """

    left: int
    top: int
    width: int
    height: int
    scale_x: float
    scale_y: float


def fit_image(image: NDArray[np.uint8], spec: DetectionSpec) -> Fit:
    """Where an image, (H, W, 3), goes."""
    height, width = image.shape[:2]
    if spec.fit == "stretch":
        return Fit(0, 0, spec.width, spec.height, spec.width / width, spec.height / height)
    box = letterbox(height, width, height=spec.height, width=spec.width)
    left, top = (spec.width - box.width) // 2, (spec.height - box.height) // 2
    corner = (left, top) if spec.fit == "centre" else (0, 0)
    return Fit(*corner, box.width, box.height, box.scale, box.scale)


def fill_input(
    images: Sequence[NDArray[np.uint8]], fits: Sequence[Fit], spec: DetectionSpec, pixels: Pixels
) -> NDArray[Any]:
    """(N, 3, H, W) as the network takes it: each image where its fit says, grey beside it.

    Args:
        images: each (h, w, 3) uint8 RGB.
        fits: one for each.
        spec: sizes of the input.
        pixels: its colours, range and type.
    """
    blobs = np.full((len(images), 3, spec.height, spec.width), GREY, np.float32)
    for blob, image, fit in zip(blobs, images, fits, strict=True):
        scaled = cv2.resize(image, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
        planes = cv2.split(scaled)
        for channel, plane in zip(blob, planes if pixels.order == "rgb" else reversed(planes), strict=True):
            channel[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width] = plane
    _normalise(blobs, pixels)
    return blobs.astype(pixels.dtype, copy=False)


def to_image(boxes: Boxes, fit: Fit) -> Boxes:
    """Boxes in pixels of the input -> in pixels of the image."""
    corner = np.array([fit.left, fit.top] * 2, np.float32)
    return np.asarray((boxes - corner) / np.array([fit.scale_x, fit.scale_y] * 2, np.float32), np.float32)


def _normalise(blobs: NDArray[np.float32], pixels: Pixels) -> None:
    """In place; what takes 0-255 as it is stays untouched."""
    std = np.array(pixels.std, np.float32)
    factors: NDArray[np.float32] = np.array(pixels.scale, np.float32) / std
    shifts: NDArray[np.float32] = np.array(pixels.mean, np.float32) / std
    if (factors != 1).any():
        blobs *= factors.reshape(3, 1, 1)
    if shifts.any():
        blobs -= shifts.reshape(3, 1, 1)
