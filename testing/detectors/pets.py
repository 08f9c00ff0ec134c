"""PETS2009 as a truth for detectors: its frames, who stands in them, and how many of those were found."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import iou
from detectors.detections import Detections
from detectors.detector import Detector

FRAMES = 269
"""Of view 1 that the truth covers."""


def precision_and_recall(detector: Detector, shared: Path) -> tuple[float, float]:
    """On every tenth frame of view 1, at IoU 0.5; nobody scores or loses by who does not count."""
    folder = shared / "data/multicam/pets2009_s2l1"
    truth = np.loadtxt(folder / "gt/gt_view001_frames1-269.txt", delimiter=",")
    right = found = wanted = 0
    for frame, image in every_tenth_frame(folder / "View_001.mp4", FRAMES):
        (people,) = detector.detect([image])
        rows, ignored = people_in(truth, frame)
        overlooked = matches(people, rows) - matches(people, rows[~ignored])
        right, wanted = right + matches(people, rows[~ignored]), wanted + int((~ignored).sum())
        found += len(people) - overlooked
    return right / found, right / wanted


def people_in(truth: NDArray[np.float64], frame: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Boxes xyxy of a frame, from 0, and which of them do not count."""
    rows = truth[truth[:, 0] == frame + 1]
    boxes = rows[:, 2:6].astype(np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return boxes, rows[:, 6] == 0


def every_tenth_frame(video: Path, frames: int) -> list[tuple[int, NDArray[np.uint8]]]:
    """Number, from 0, and RGB image."""
    capture = cv2.VideoCapture(str(video))
    images = [np.asarray(capture.read()[1], np.uint8)[..., ::-1] for _ in range(frames)]
    return list(enumerate(images))[::10]


def matches(people: Detections, truth: NDArray[np.float32]) -> int:
    """How many rows of the truth have a detection of their own at IoU 0.5; the best detection chooses first."""
    overlaps = iou(people.boxes, truth)
    count = 0
    for row in range(len(people)):
        column = int(overlaps[row].argmax())
        if overlaps[row, column] >= 0.5:
            overlaps[:, column] = 0
            count += 1
    return count
