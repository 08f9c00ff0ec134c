"""OpenCV's people detector on gradient histograms (Dalal and Triggs, CVPR 2005): slow, but needs no download."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip, nms
from detectors.detections import Detections, no_detections

WINDOW_HEIGHT_PX, WINDOW_WIDTH_PX = 128, 64
MARGIN_PX = 16
"""What the detector was trained to see around the person on every side of its window."""


@dataclass(frozen=True, slots=True)
class HogParams:
    """
    Attributes:
        score: detections below are dropped; 0.5 is the border that the classifier was trained for.
        min_height_px: the smallest people to find; below 96 the image is enlarged, and takes longer.
        stride_px: between windows; 4 finds a little more and takes four times as long.
        scale: between one size of the image and the next.
        nms_iou: two boxes that overlap more are one person.
        max_detections: per image.
    """

    score: float = 0.5
    min_height_px: float = 72.0
    stride_px: int = 8
    scale: float = 1.05
    nms_iou: float = 0.3
    max_detections: int = 300


class HogDetector:
    """People by gradient histograms. Each thread has a descriptor of its own, because OpenCV's are not for sharing.

    For a process that keeps OpenCV to the thread that calls it (`cv2.setNumThreads(1)`): OpenCV's own threads, looking
    for people of several sizes at once, now and then give a window another's score.
    """

    def __init__(self, params: HogParams | None = None) -> None:
        self._params = params or HogParams()
        self._own = threading.local()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`. An image smaller than 64x128 holds nobody."""
        return [self._detect(image) for image in images]

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        enlarged, factor = self._enlarged(image)
        if enlarged.shape[0] < WINDOW_HEIGHT_PX or enlarged.shape[1] < WINDOW_WIDTH_PX:
            return no_detections()
        windows, margins = self._descriptor().detectMultiScale(
            enlarged,
            hitThreshold=_margin(self._params.score),
            winStride=(self._params.stride_px, self._params.stride_px),
            scale=self._params.scale,
            groupThreshold=0,
        )
        if not len(windows):
            return no_detections()
        boxes, scores = _people(np.asarray(windows, np.float32)) / factor, _squash(np.ravel(margins))
        kept = nms(boxes, scores, max_iou=self._params.nms_iou, max_boxes=self._params.max_detections)
        height, width = image.shape[:2]
        return Detections(clip(boxes[kept], height=height, width=width), scores[kept])

    def _enlarged(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], np.float32]:
        """The image at the size where the smallest people fill a window, and how much larger that is."""
        factor = max(1.0, (WINDOW_HEIGHT_PX - 2 * MARGIN_PX) / self._params.min_height_px)
        if factor == 1.0:
            return np.ascontiguousarray(image), np.float32(1)
        enlarged = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        return np.asarray(enlarged, np.uint8), np.float32(factor)

    def _descriptor(self) -> cv2.HOGDescriptor:
        if not hasattr(self._own, "descriptor"):
            self._own.descriptor = cv2.HOGDescriptor()
            self._own.descriptor.setSVMDetector(cv2.HOGDescriptor.getDefaultPeopleDetector())
        descriptor: cv2.HOGDescriptor = self._own.descriptor
        return descriptor


def _people(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) x, y, width, height of windows -> xyxy of the people inside them."""
    corner, size = windows[:, :2], windows[:, 2:]
    margin = size * (MARGIN_PX / np.array([WINDOW_WIDTH_PX, WINDOW_HEIGHT_PX], np.float32))
    return np.concatenate([corner + margin, corner + size - margin], axis=1)


def _squash(margins: NDArray[np.floating]) -> NDArray[np.float32]:
    """Distance from the border of the classifier -> (0, 1), by the logistic function: a rank, not a probability."""
    return np.asarray(1 / (1 + np.exp(-margins)), np.float32)


def _margin(score: float) -> float:
    """The inverse of `_squash`."""
    return float(np.log(score / (1 - score)))
