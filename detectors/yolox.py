"""YOLOX, anchor-free (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430), as an exported network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Letterbox, clip, letterbox, nms
from detectors.detections import Detections
from reid_runtime.adopt import Family, summary
from reid_runtime.batches import run_rows
from reid_runtime.card import ArtefactError, Pixels
from reid_runtime.session import Session

STRIDES_PX = (8, 16, 32)
GREY = 114  # what the networks were trained to see beside the image
BOX = slice(0, 4)
OBJECTNESS = 4
PERSON = 5  # column of the first class; person is class 0 of COCO, and the classes stand last
MAX_CANDIDATES = 1000  # NMS compares all pairs: bounds its memory when everything looks like a person


@dataclass(frozen=True, slots=True)
class YoloxParams:
    """
    Attributes:
        score: detections below are dropped; low, because a tracker can use weak ones for tracks that it knows.
        nms_iou: two boxes that overlap more are one person.
        max_detections: per image.
        max_batch: images per run where the network leaves the batch free; more than 1 pays on a GPU only.
    """

    score: float = 0.1
    nms_iou: float = 0.45
    max_detections: int = 300
    max_batch: int = 1


class YoloxDetector:
    """People by YOLOX. Keeps nothing between calls, so threads share it."""

    def __init__(self, session: Session, params: YoloxParams | None = None) -> None:
        """Takes a session whose card says family yolox.

        Raises:
            ArtefactError: if the card is of another family.
        """
        if session.card.family != YOLOX.name:
            raise ArtefactError(f"{session.card.name}: expected the family {YOLOX.name}, found {session.card.family}")
        self._session = session
        self._params = params or YoloxParams()
        _, _, height, width = session.card.inputs[0].shape
        self._height, self._width = int(height or 0), int(width or 0)
        self._cells, self._strides = _grid(self._height, self._width)

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`."""
        if not images:
            return []
        fits = [letterbox(*image.shape[:2], height=self._height, width=self._width) for image in images]
        blobs = np.full((len(images), 3, self._height, self._width), GREY, np.float32)
        for blob, image, fit in zip(blobs, images, fits, strict=True):
            _fill(blob, image, fit)
        outputs = run_rows(self._session, blobs, max_batch=self._params.max_batch)
        return [self._read(*row) for row in zip(outputs, fits, images, strict=True)]

    def _read(self, rows: NDArray[np.float32], fit: Letterbox, image: NDArray[np.uint8]) -> Detections:
        """The people among the (A, 5 + classes) rows of one image, in pixels of that image."""
        scores = rows[:, OBJECTNESS] * rows[:, PERSON]
        likely = np.flatnonzero(scores >= self._params.score)
        if len(likely) > MAX_CANDIDATES:
            likely = likely[np.argsort(-scores[likely], kind="stable")[:MAX_CANDIDATES]]
        boxes = _decode(rows[likely, BOX], self._cells[likely], self._strides[likely]) / np.float32(fit.scale)
        kept = nms(boxes, scores[likely], max_iou=self._params.nms_iou, max_boxes=self._params.max_detections)
        height, width = image.shape[:2]
        return Detections(clip(boxes[kept], height=height, width=width), np.minimum(scores[likely][kept], 1.0))


def _fill(blob: NDArray[np.float32], image: NDArray[np.uint8], fit: Letterbox) -> None:
    """Puts the image, scaled, at the top left of a grey (3, H, W): BGR 0-255."""
    scaled = cv2.resize(image, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
    for channel, plane in zip(blob, reversed(cv2.split(scaled)), strict=True):
        channel[: fit.height, : fit.width] = plane


def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cell (A, 2) as x, y, and stride (A, 1) in pixels, of every row of the output."""
    cells, strides = [], []
    for stride in STRIDES_PX:
        y, x = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full((x.size, 1), stride))
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def _decode(raw: NDArray[np.float32], cells: NDArray[np.float32], strides: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre = (offset + cell) * stride, size = exp(log size) * stride -> corners, pixels of the network's input."""
    centres = (raw[:, :2] + cells) * strides
    halves = np.exp(raw[:, 2:]) * strides * np.float32(0.5)
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _check_output(output: NDArray[Any], shape: tuple[int, ...]) -> None:
    height, width = shape[2:]
    anchors = len(_grid(height, width)[0])
    if output.ndim != 3 or output.shape[:2] != (shape[0], anchors) or output.shape[2] <= PERSON:
        raise ValueError(f"expected ({shape[0]}, {anchors}, {PERSON} + classes), found {summary(output)}")
    # An undecoded position is a few cells at most; a decoded one goes up to the width of the image.
    if not np.isfinite(output).all() or np.abs(output[..., :2]).max() > width / 2:
        raise ValueError("expected undecoded boxes, found positions in pixels: export without decoding")


YOLOX = Family(
    name="yolox",
    pixels=Pixels(order="bgr", layout="nchw"),
    input_shape=(None, 3, None, None),
    input_meaning=f"images, letterboxed to the top left with grey {GREY}",
    output_meaning="per anchor: x, y, width, height undecoded; objectness; one score per class, person first",
    check_output=_check_output,
)
