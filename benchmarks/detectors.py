"""Every detector that runs here on PETS2009 S2.L1, view 1: what it finds, and what it adds to its bare network.

    python -m benchmarks.detectors

The film and its truth are those of the folder PASSERBY_SHARED (by default ../shared); every fifth of the 269 frames
with truth, a match is an IoU of 0.5, people whom the truth says to ignore count neither way. Time is the median per
frame on one thread, the whole detector and the bare network in turns.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from detectors.boxes import iou
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.hog import HogDetector
from detectors.yolox import YoloxDetector, YoloxParams
from pipeline.models import fetch, known_models
from runtime.load import load_session
from runtime.session import Session

FRAMES = 269
EVERY = 5
MIN_IOU = 0.5
NETWORK = "yolox-nano"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A detector, and the network inside where there is one."""

    name: str
    detector: Detector
    session: Session | None


def main() -> None:
    cv2.setNumThreads(1)
    shared = Path(os.environ.get("PASSERBY_SHARED", "../shared"))
    folder = shared / "data/multicam/pets2009_s2l1"
    images = read_images(folder / "View_001.mp4")
    truth = np.loadtxt(folder / "gt/gt_view001_frames1-269.txt", delimiter=",")
    print("| detector | precision | recall | ms a frame | bare network, ms | rest, ms |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as cache:
        for contestant in contestants(shared, Path(cache)):
            found = [contestant.detector.detect([image])[0] for image in images]
            precision, recall = quality(found, truth)
            print(f"| {contestant.name} | {precision:.3f} | {recall:.3f} | {times(contestant, images)} |")


def contestants(shared: Path, cache: Path) -> list[Contestant]:
    file = next((shared / "data/weights").rglob(known_models()[NETWORK].url.rpartition("/")[2]))
    session = load_session(fetch(NETWORK, cache, from_file=file), provider="cpu", threads=1)
    scores = (0.1, 0.25, 0.5)
    yolox = [Contestant(f"{NETWORK}, score {s}", YoloxDetector(session, YoloxParams(score=s)), session) for s in scores]
    return [*yolox, Contestant("HOG, no weights", HogDetector(), None)]


def read_images(film: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(film)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [np.asarray(frame, np.uint8) for frame in frames[:FRAMES:EVERY]]


def quality(found: list[Detections], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Precision and recall over all frames, one to one."""
    right = counted = wanted = 0
    for index, people in enumerate(found):
        rows = truth[truth[:, 0] == index * EVERY + 1]
        boxes = rows[:, 2:6].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        overlaps = iou(people.boxes, boxes)
        row, column = linear_sum_assignment(-np.where(overlaps >= MIN_IOU, overlaps, 0))
        matched = column[overlaps[row, column] >= MIN_IOU]
        ignored = rows[:, 6] == 0
        right += int((~ignored[matched]).sum())
        counted += len(people) - int(ignored[matched].sum())
        wanted += int((~ignored).sum())
    return right / counted, right / wanted


def times(contestant: Contestant, images: list[NDArray[np.uint8]]) -> str:
    """Median milliseconds of the detector, of its bare network, and the difference, as cells of the table."""
    session = contestant.session
    if session is None:
        return f"{median_ms([lambda: contestant.detector.detect(images[:1])])[0]:.1f} | | "
    spec = session.card.inputs[0]
    ready = np.full([size or 1 for size in spec.shape], 114, spec.dtype)
    whole, bare = median_ms([lambda: contestant.detector.detect(images[:1]), lambda: session.run({spec.name: ready})])
    return f"{whole:.2f} | {bare:.2f} | {whole - bare:.2f}"


def median_ms(ways: list[Callable[[], object]], rounds: int = 40) -> list[float]:
    """Of each way, which take turns."""
    spent_s = np.empty((rounds, len(ways)))
    for row in spent_s:
        for index, way in enumerate(ways):
            start_s = time.perf_counter()
            way()
            row[index] = time.perf_counter() - start_s
    return [float(value) * 1000 for value in np.median(spent_s, axis=0)]


if __name__ == "__main__":
    main()
