"""Ultralytics' YOLO networks, by their own library, which is AGPL-3.0: an extra, never part of the default install."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip
from detectors.detections import Detections, no_detections
from detectors.ultralytics_params import UltralyticsParams

# The library reports what is run with it to its maker, unless it believes that there is no network.
os.environ.setdefault("YOLO_OFFLINE", "true")
from ultralytics import YOLO

PERSON = 0  # class of COCO


class UltralyticsDetector:
    """People by a `.pt` file, or by one that Ultralytics exported. One thread predicts at a time; the others wait."""

    def __init__(self, weights: Path, params: UltralyticsParams | None = None) -> None:
        """Loads the weights.

        Raises:
            FileNotFoundError: if there is no such file; nothing is downloaded.
        """
        if not weights.exists():
            raise FileNotFoundError(f"expected Ultralytics weights at {weights}, found no file: check the path")
        self._model = YOLO(weights, task="detect")
        self._params = params or UltralyticsParams()
        self._predicting = threading.Lock()

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`."""
        found: list[Detections] = []
        for start in range(0, len(images), self._params.max_batch):
            found += self._detect(images[start : start + self._params.max_batch])
        return found

    def _detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        params = self._params
        with self._predicting:
            results = self._model.predict(
                [np.ascontiguousarray(image[..., ::-1]) for image in images],  # the library takes BGR
                conf=params.score,
                iou=params.nms_iou,
                max_det=params.max_detections,
                classes=[PERSON],
                imgsz=params.side_px,
                device=params.device,
                verbose=False,
            )
        return [
            _read(result.boxes.xyxy.cpu().numpy(), result.boxes.conf.cpu().numpy(), image)
            for result, image in zip(results, images, strict=True)
        ]


def _read(boxes: NDArray[np.float32], scores: NDArray[np.float32], image: NDArray[np.uint8]) -> Detections:
    if not len(boxes):
        return no_detections()
    height, width = image.shape[:2]
    return Detections(clip(boxes.astype(np.float32), height=height, width=width), scores.astype(np.float32))
