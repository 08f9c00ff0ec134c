"""How well boxes fit true ones: precision, recall and average precision at an IoU of 0.5, and the footage for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import iou
from detectors.detections import Detections
from pipeline.output.mot_files import read_truth

MIN_IOU = 0.5
PETS_FRAMES, PETS_EVERY = 269, 5
VIDEO_EVERY = 10
PEDESTRIAN = 1
LEAST_VISIBILITY = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """Images with truth.

    Attributes:
        name: of the footage.
        images: (H, W, 3) uint8 RGB each.
        boxes: (N, 4) float32 xyxy pixels, of each image.
        is_wanted: (N,) bool, of each image; the others count neither way.
    """

    name: str
    images: list[NDArray[np.uint8]]
    boxes: list[NDArray[np.float32]]
    is_wanted: list[NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Shares, between 0 and 1.

    Attributes:
        precision, recall: of all boxes of the detector.
        average_precision: area under precision over recall, as far as the detector's scores reach down.
    """

    precision: float
    recall: float
    average_precision: float


def read_pets(shared: Path) -> Footage:
    """PETS2009 S2.L1, view 1, every fifth of the frames with truth."""
    folder = shared / "data/multicam/pets2009_s2l1"
    with av.open(str(folder / "View_001.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    truth = np.loadtxt(folder / "gt/gt_view001_frames1-269.txt", delimiter=",")
    numbers = range(1, PETS_FRAMES + 1, PETS_EVERY)
    rows = [truth[truth[:, 0] == number] for number in numbers]
    images = [np.asarray(frames[number - 1], np.uint8) for number in numbers]
    return Footage("PETS view 1", images, [_xyxy(each) for each in rows], [each[:, 6] != 0 for each in rows])


def read_mot17_mini(shared: Path) -> Footage:
    """Frames of four sequences of MOT17; pedestrians of whom a quarter can be seen are wanted."""
    found = Footage("MOT17, 4 sequences", [], [], [])
    for folder in sorted((shared / "data/mot/mot17_mini").iterdir()):
        truth = np.loadtxt(folder / "gt/gt.txt", delimiter=",")
        for path in sorted((folder / "img1").glob("*.jpg")):
            rows = truth[truth[:, 0] == int(path.stem)]
            is_wanted = (rows[:, 6] != 0) & (rows[:, 7] == PEDESTRIAN) & (rows[:, 8] >= LEAST_VISIBILITY)
            found.images.append(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), np.uint8))
            found.boxes.append(_xyxy(rows))
            found.is_wanted.append(is_wanted)
    return found


def read_videos(folder: Path) -> Footage:
    """Every tenth frame of the videos that `reid-pipeline simulate` or `demo` wrote."""
    found = Footage("simulated videos", [], [], [])
    for path in sorted((folder / "truth").glob("*.txt")):
        truth = read_truth(path)
        with av.open(str(folder / "videos" / f"{path.stem}.mp4")) as container:
            for number, frame in enumerate(container.decode(video=0), start=1):
                if number % VIDEO_EVERY:
                    continue
                rows = truth.frames == number
                found.images.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
                found.boxes.append(truth.boxes[rows])
                found.is_wanted.append(truth.evaluated[rows])
    return found


def quality(found: Sequence[Detections], truth: Footage) -> Quality:
    """Detections of each image against its truth; the best score takes the box that it overlaps most."""
    scores, is_right = [np.zeros(0, np.float32)], [np.zeros(0, bool)]
    for people, boxes, is_wanted in zip(found, truth.boxes, truth.is_wanted, strict=True):
        counted, right = _judged(people, boxes, is_wanted)
        scores.append(people.scores[counted])
        is_right.append(right[counted])
    order = np.argsort(-np.concatenate(scores), kind="stable")
    hits = np.cumsum(np.concatenate(is_right)[order])
    if not len(hits):
        return Quality(0.0, 0.0, 0.0)
    wanted = sum(int(each.sum()) for each in truth.is_wanted)
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / wanted
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    area = float((np.diff(recall, prepend=0.0) * best_from_here).sum())
    return Quality(float(precision[-1]), float(recall[-1]), area)


def _judged(
    people: Detections, boxes: NDArray[np.float32], is_wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether each detection counts, and whether it is right."""
    counted, right = np.ones(len(people), bool), np.zeros(len(people), bool)
    overlaps = iou(people.boxes, boxes)
    for row in np.argsort(-people.scores, kind="stable") if boxes.size else ():
        column = int(np.argmax(overlaps[row] + is_wanted * (overlaps[row] >= MIN_IOU)))
        if overlaps[row, column] >= MIN_IOU:
            counted[row], right[row] = is_wanted[column], is_wanted[column]
            if is_wanted[column]:
                overlaps[:, column] = 0.0
    return counted, right


def _xyxy(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    """Columns 2 to 5 of truth in MOT's form."""
    boxes = rows[:, 2:6].astype(np.float32)
    boxes[:, 2:] += boxes[:, :2]
    return boxes
