"""The peers' trackers, in an environment of their own; `benchmarks.accuracy.trackers` starts it, asks line by line.

A request is a JSON line {"tracker": name, "scene": path, "floor": score, "rows": path}: the tracker runs over the
detections of the scene from `floor` up and writes its rows to `rows`; the answer is {"ms": median of an update} or
{"absent": why}.
"""

import json
import os
import sys
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import tracker_scenes as scenes


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the peers, and the compilers they start, print to stdout
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    scene = scenes.above(scenes.load(Path(request["scene"])), request["floor"])
    try:
        step = peer(request["tracker"], scene.fps)
        run = scenes.run(step, scene)
    except Exception as cause:  # noqa: BLE001 - whatever keeps a peer from running makes it absent, with its reason
        return {"absent": f"{type(cause).__name__}: {cause}".splitlines()[0]}
    np.save(request["rows"], run.rows)
    return {"ms": run.ms}


def peer(name: str, fps: float) -> scenes.TrackerStep:
    maker, algorithm = name.split(" ", 1)
    return roboflow(algorithm, fps) if maker == "roboflow" else boxmot(algorithm, maker)


def roboflow(algorithm: str, fps: float) -> scenes.TrackerStep:
    supervision, trackers = import_module("supervision"), import_module("trackers")
    kinds = {"SORT": trackers.SORTTracker, "ByteTrack": trackers.ByteTrackTracker, "OC-SORT": trackers.OCSORTTracker}
    tracker = kinds[algorithm](frame_rate=fps)

    def step(boxes: NDArray[np.float32], scores: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        classes = np.zeros(len(scores), dtype=int)
        found = tracker.update(supervision.Detections(xyxy=boxes, confidence=scores, class_id=classes))
        is_tracked: NDArray[np.bool_] = found.tracker_id >= 0
        rows: NDArray[np.float64] = np.column_stack([found.tracker_id, found.xyxy, found.confidence])
        return rows[is_tracked]

    return step


def boxmot(algorithm: str, maker: str) -> scenes.TrackerStep:
    factory, specs = import_module("boxmot.trackers.factory"), import_module("boxmot.trackers.specs")
    backend = "cpp" if maker == "boxmot-C++" else "python"
    tracker = factory.create_tracker(specs.TrackerSpec(name=algorithm.lower().replace("-", ""), backend=backend))
    image = np.zeros((1080, 1920, 3), dtype=np.uint8)

    def step(boxes: NDArray[np.float32], scores: NDArray[np.float32], time_s: float) -> NDArray[np.float64]:
        found = np.asarray(tracker.update(np.column_stack([boxes, scores, np.zeros_like(scores)]), image))
        found = found.reshape(-1, 8)
        return found[:, [4, 0, 1, 2, 3, 5]].astype(np.float64)

    return step
