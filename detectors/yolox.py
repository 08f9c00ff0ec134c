"""YOLOX, anchor-free (Ge et al., "YOLOX: Exceeding YOLO Series in 2021", arXiv 2107.08430), as an exported network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Boxes
from detectors.fitting import GREY
from detectors.grid import cell_count, grid
from detectors.reader import (
    Candidates,
    Decode,
    Outputs,
    Reader,
    check_share,
    detection_of,
    likely,
    read_person,
    read_sizes,
)
from reid_runtime.card import ModelCard, Pixels
from reid_runtime.family import Asked, Claim, Family, read_input, summary
from reid_runtime.signature import Signature, show_spec

BOX = slice(0, 4)
OBJECTNESS = 4
CLASSES = 5
"""Column of the first class."""
PIXELS = Pixels(order="bgr", layout="nchw")
IMAGES = f"images, letterboxed to the top left with grey {GREY}"
ROWS = "per anchor: x, y, width, height undecoded; objectness; one score per class"
"""What its input and its output mean."""


def decode_boxes(raw: NDArray[np.float32], cells: NDArray[np.float32], strides: NDArray[np.float32]) -> Boxes:
    """Centre = (offset + cell) * stride, size = exp(log size) * stride -> corners, pixels of the network's input."""
    centres = (raw[:, :2] + cells) * strides
    halves = np.exp(raw[:, 2:]) * strides * np.float32(0.5)
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _decoder(card: ModelCard) -> Decode:
    spec, name = detection_of(card), card.outputs[0].name
    cells, strides = grid(spec.height, spec.width)
    person = CLASSES + spec.person

    def decode(outputs: Outputs, least: float) -> Candidates:
        rows = outputs[name]
        scores = rows[:, OBJECTNESS] * rows[:, person]
        kept = np.flatnonzero(likely(scores, least))
        return Candidates(decode_boxes(rows[kept, BOX], cells[kept], strides[kept]), scores[kept])

    return decode


def _claim(signature: Signature, asked: Asked) -> Claim:
    image, pixels = read_input(signature, PIXELS, (None, 3, None, None))
    output = signature.outputs[0]
    if len(output.shape) != 3:
        raise ValueError(f"yields (N, anchors, {CLASSES} + classes), found {show_spec(output)}")
    sizes = read_sizes(image, signature, asked, "top-left", 0)
    anchors = cell_count(sizes.height, sizes.width)
    columns = output.shape[2]
    classes = None if columns is None else columns - CLASSES
    if output.shape[1] not in (None, anchors) or (classes is not None and classes < 1):
        raise ValueError(f"yields (N, {anchors}, {CLASSES} + classes), found {show_spec(output)}")
    person = read_person(signature, asked, classes)
    return Claim(
        pixels=pixels,
        input_meaning=IMAGES,
        output_meanings={output.name: ROWS},
        why=f"{anchors} cells of strides 8, 16 and 32, each with a box, objectness and {classes or 'some'} classes",
        detection=replace(sizes, person=person),
    )


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    (output,) = outputs.values()
    spec = detection_of(card)
    anchors = cell_count(spec.height, spec.width)
    if output.ndim != 3 or output.shape[1] != anchors or output.shape[2] <= CLASSES + spec.person:
        raise ValueError(f"expected (N, {anchors}, {CLASSES} + classes), found {summary(output)}")
    # An undecoded position is a few cells at most; a decoded one goes up to the width of the image.
    if np.abs(output[..., :2]).max() > spec.width / 2:
        raise ValueError("expected undecoded boxes, found positions in pixels: export without decoding")
    check_share(output[..., OBJECTNESS:], "objectness and classes")


YOLOX = Family(name="yolox", claim=_claim, check=_check)
YOLOX_READER = Reader(YOLOX, _decoder, has_doubles=True)
