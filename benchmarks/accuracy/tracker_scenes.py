"""What the trackers of the benchmark are given, and the clock they are held to.

It needs numpy alone, because it is also imported in the environment of the peers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WARM_UP = 10
START_S = 1.7e9


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The detections of a stretch of video.

    Attributes:
        fps: frames per second.
        boxes: one (N, 4) float32 per frame, xyxy pixels.
        scores: one (N,) float32 per frame.
    """

    fps: float
    boxes: list[NDArray[np.float32]]
    scores: list[NDArray[np.float32]]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What a tracker made of a scene.

    Attributes:
        rows: (R, 7) float64: frame from 0, id, x1, y1, x2, y2, score.
        ms: median time of an update after the warm-up, milliseconds.
    """

    rows: NDArray[np.float64]
    ms: float


TrackerStep = Callable[[NDArray[np.float32], NDArray[np.float32], float], NDArray[np.float64]]
"""Boxes, scores and the time of a frame -> (M, 6) rows: id, x1, y1, x2, y2, score; `run` adds the time it takes."""


def save(scene: Scene, path: Path) -> None:
    counts = np.array([len(scores) for scores in scene.scores])
    np.savez(path, fps=scene.fps, counts=counts, boxes=np.concatenate(scene.boxes), scores=np.concatenate(scene.scores))


def load(path: Path) -> Scene:
    with np.load(path) as stored:
        cuts = np.cumsum(stored["counts"])[:-1]
        return Scene(float(stored["fps"]), np.split(stored["boxes"], cuts), np.split(stored["scores"], cuts))


def above(scene: Scene, floor: float) -> Scene:
    """The scene without the detections of a lower score."""
    keep = [scores >= floor for scores in scene.scores]
    boxes = [frame[mask] for frame, mask in zip(scene.boxes, keep, strict=True)]
    return Scene(scene.fps, boxes, [frame[mask] for frame, mask in zip(scene.scores, keep, strict=True)])


def run(step: TrackerStep, scene: Scene) -> Run:
    """Tracks a scene from its beginning. What `step` does is all timed, but for the shaping of its result."""
    rows, took_s = [np.empty((0, 7))], []
    for index, (boxes, scores) in enumerate(zip(scene.boxes, scene.scores, strict=True)):
        start_s = time.perf_counter()
        found = step(boxes, scores, START_S + index / scene.fps)
        took_s.append(time.perf_counter() - start_s)
        rows.append(np.column_stack([np.full(len(found), index), found]))
    return Run(np.concatenate(rows), 1000 * float(np.median(took_s[WARM_UP:])))


def crowd(people: int, frames: int) -> Scene:
    """People who walk straight on through a full HD image at 30 frames a second, and turn back at its edge.

    Boxes are off by 2 % of the height, 5 % are missed, 10 % have a low score.
    """
    random = np.random.default_rng(people)
    size = random.uniform(90, 250, people) * np.array([[0.4], [1.0]])
    corner = random.uniform(0, np.array([[1920.0], [1080.0]]) - size)
    speed = random.normal(0, 60, (2, people))
    scene = Scene(30.0, [], [])
    for _ in range(frames):
        corner = corner + speed / scene.fps
        is_out = (corner < 0) | (corner + size > np.array([[1920.0], [1080.0]]))
        speed = np.where(is_out, -speed, speed)
        boxes = np.concatenate([corner, corner + size]) + random.normal(0, 0.02, (4, people)) * size[1]
        scores = np.where(random.random(people) < 0.1, random.uniform(0.1, 0.5, people), random.uniform(0.7, 1, people))
        seen = random.random(people) > 0.05
        scene.boxes.append(boxes.T[seen].astype(np.float32))
        scene.scores.append(scores[seen].astype(np.float32))
    return scene
