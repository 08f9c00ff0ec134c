"""Networks of every family of detectors that see the people they are told to, as ONNX files made on the spot."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.network_detector import NetworkDetector
from detectors.network_params import NetworkParams
from pipeline.families import family_named
from reid_runtime.adopt import adopt
from reid_runtime.card import ModelCard
from reid_runtime.family import Asked
from reid_runtime.load import load_session

SIDE_PX, CELLS = 96, 189
PEOPLE = ((8.0, 8.0, 20.0, 40.0, 0.9), (40.0, 10.0, 50.0, 42.0, 0.6))
"""x1 y1 x2 y2 in pixels of the input, and score."""
CLASSES = 80
DOG = 16

Rows = tuple[tuple[float, ...], ...]


def adopted(path: Path, family: str, asked: Asked | None = None) -> ModelCard:
    return adopt(
        path, family_named(family), name="tiny", licence="CC0-1.0", origin="made in a test", asked=asked or Asked()
    )


def detector_of(path: Path, params: NetworkParams | None = None) -> NetworkDetector:
    return NetworkDetector(load_session(path, provider="cpu", threads=1), params)


def centres(people: Rows = PEOPLE) -> NDArray[np.float32]:
    """(N, 4) centre x, centre y, width, height."""
    boxes = np.array(people, np.float32)[:, :4]
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)


def yolov8_output(people: Rows = PEOPLE, *, cells: int = CELLS) -> NDArray[np.float32]:
    """(1, 84, cells): the people in the first cells, and a dog in the next."""
    output = np.full((1, 4 + CLASSES, cells), 1e-4, np.float32)
    output[0, :4] = SIDE_PX / 2
    output[0, :4, : len(people)] = centres(people).T
    output[0, 4, : len(people)] = [score for *_, score in people]
    output[0, 4 + DOG, len(people)] = 0.95
    return output


def yolov5_output(people: Rows = PEOPLE) -> NDArray[np.float32]:
    """(1, 3 x 189, 85): as above, objectness .9 and a class that makes up for it."""
    output = np.full((1, 3 * CELLS, 5 + CLASSES), 1e-4, np.float32)
    output[0, :, :4] = SIDE_PX / 2
    output[0, : len(people), :4] = centres(people)
    output[0, : len(people), 4] = 0.9
    output[0, : len(people), 5] = [score / 0.9 for *_, score in people]
    output[0, len(people), [4, 5 + DOG]] = 0.95
    return output


def end2end_output(people: Rows = PEOPLE) -> NDArray[np.float32]:
    """(1, 10, 6): the people, a dog, and rows of nothing."""
    output = np.zeros((1, 10, 6), np.float32)
    output[0, : len(people), :5] = people
    output[0, len(people)] = (5, 5, 30, 30, 0.95, DOG)
    return output


def ssd_output(people: Rows = PEOPLE) -> NDArray[np.float32]:
    """(1, 1, 10, 7): the people with label 1, something of label 2, and rows behind the last."""
    output = np.zeros((1, 1, 10, 7), np.float32)
    boxes = np.array(people, np.float32)
    output[0, 0, : len(people), 1] = 1
    output[0, 0, : len(people), 2] = boxes[:, 4]
    output[0, 0, : len(people), 3:] = boxes[:, :4] / SIDE_PX
    output[0, 0, len(people)] = (0, 2, 0.95, 0.1, 0.1, 0.5, 0.5)
    output[0, 0, len(people) + 1] = (-1, 1, 0.95, 0.1, 0.1, 0.5, 0.5)
    return output


def detr_outputs(
    people: Rows = PEOPLE, *, queries: int = 10, classes: int = CLASSES, person: int = 0
) -> dict[str, NDArray[Any]]:
    """`logits` (1, queries, classes) and `pred_boxes` (1, queries, 4): the people, and a dog."""
    logits = np.full((1, queries, classes), -7, np.float32)
    boxes = np.full((1, queries, 4), 0.5, np.float32)
    scores = np.array([score for *_, score in people])
    logits[0, : len(people), person] = np.log(scores / (1 - scores))
    logits[0, len(people), person + 1] = 3
    boxes[0, : len(people)] = centres(people) / SIDE_PX
    return {"logits": logits, "pred_boxes": boxes}


def nanodet_outputs(people: Rows = PEOPLE, *, strides: tuple[int, ...] = (8, 16, 32)) -> dict[str, NDArray[Any]]:
    """Scores and distributions of each stride: each person in the cell of the stride 16 in which its middle lies."""
    middle = 0.5 if len(strides) == 3 else 0.0
    outputs: dict[str, NDArray[Any]] = {}
    for stride in strides:
        columns = -(-SIDE_PX // stride)
        scores = np.full((1, columns**2, CLASSES), 1e-3, np.float32)
        sides = np.zeros((1, columns**2, 4, 8), np.float32)
        for x1, y1, x2, y2, score in people if stride == 16 else ():
            x, y = (int(at / stride + 0.5 - middle) for at in ((x1 + x2) / 2, (y1 + y2) / 2))
            cx, cy = (x + middle) * stride, (y + middle) * stride
            cell = y * columns + x
            scores[0, cell, 0] = score
            sides[0, cell] = [_bins(distance / stride) for distance in (cx - x1, cy - y1, x2 - cx, y2 - cy)]
        outputs[f"cls_{stride}"] = scores
        outputs[f"dis_{stride}"] = sides.reshape(1, -1, 32)
    return outputs


def joined(outputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same in one output: scores, then distributions."""
    halves = [[each for name, each in outputs.items() if name.startswith(kind)] for kind in ("cls", "dis")]
    return {"output": np.concatenate([np.concatenate(each, axis=1) for each in halves], axis=2)}


def _bins(distance: float) -> NDArray[np.float32]:
    """(8,) logits of a distribution whose mean is the distance: two neighbours share it."""
    low = min(6, int(distance))
    shares = np.full(8, 1e-9)
    shares[low], shares[low + 1] = 1 - (distance - low), max(1e-9, distance - low)
    return np.asarray(np.log(shares), np.float32)
