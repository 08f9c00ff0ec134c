"""Decoded heads as Ultralytics' YOLOv8, 9, 11 and 12 export them, and, with an objectness, YOLOv5 and 7.

What is left to do is to choose a class and to drop doubles: boxes come as centre and size in pixels of the input.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.fitting import GREY
from detectors.grid import cell_count, corners
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
from reid_runtime.card import ModelCard, Pixels, TensorSpec
from reid_runtime.family import Asked, Claim, Family, read_input, summary
from reid_runtime.signature import Signature, show_spec

PIXELS = Pixels(order="rgb", layout="nchw", scale=1 / 255)
STRIDES = ((8, 16, 32), (8, 16, 32, 64), (4, 8, 16, 32))
"""Of the usual networks, of those for large images (P6), and of those for small people (P2)."""
ANCHORS_A_CELL = 3
"""Of YOLOv5 and 7, for each of which there is a row."""
BOX = 4
EXPECTED = "yields (N, 4 + classes, cells), or (N, 3 x cells, 5 + classes) with an objectness"


def _decoder(card: ModelCard) -> Decode:
    spec, name = detection_of(card), card.outputs[0].name
    rows_with_objectness = _with_objectness(_cells(spec.height, spec.width))

    def decode(outputs: Outputs, least: float) -> Candidates:
        columns = outputs[name]
        has_objectness = columns.shape[0] in rows_with_objectness
        if has_objectness:
            columns = columns.T
        scores = columns[BOX + has_objectness + spec.person]
        if has_objectness:
            scores = scores * columns[BOX]
        kept = np.flatnonzero(likely(scores, least))
        return Candidates(corners(columns[:BOX, kept].T), scores[kept])

    return decode


def _cells(height: int, width: int) -> set[int]:
    return {cell_count(height, width, strides) for strides in STRIDES}


def _claim(signature: Signature, asked: Asked) -> Claim:
    image, pixels = read_input(signature, PIXELS, (None, 3, None, None))
    output = signature.outputs[0]
    if len(output.shape) != 3:
        raise ValueError(f"{EXPECTED}, found {show_spec(output)}")
    sizes = read_sizes(image, signature, asked, "centre", 0)
    why, classes = _form(output, _cells(sizes.height, sizes.width))
    person = read_person(signature, asked, classes)
    return Claim(
        pixels=pixels,
        input_meaning=f"images, letterboxed to the centre with grey {GREY}",
        output_meanings={output.name: "boxes as centre and size in pixels, and one score per class"},
        why=why,
        detection=replace(sizes, person=person),
    )


def _form(output: TensorSpec, cells: set[int]) -> tuple[str, int | None]:
    """What the output's shape says, and how many classes there are.

    Raises:
        ValueError: if it is that of no such network.
    """
    _, rows, columns = output.shape
    if rows in _with_objectness(cells) and columns is not None and columns > BOX + 1:
        return f"{rows} anchors, each with a box, objectness and {columns - BOX - 1} classes", columns - BOX - 1
    if columns in (None, *cells) and (rows is None or rows > BOX):
        where = "its cells" if columns is None else f"{columns} cells"
        classes = None if rows is None else rows - BOX
        return f"a box and {classes or 'some'} classes for each of {where}", classes
    raise ValueError(f"{EXPECTED}, with {' or '.join(map(str, sorted(cells)))} cells, found {show_spec(output)}")


def _with_objectness(cells: set[int]) -> set[int]:
    return {ANCHORS_A_CELL * count for count in cells}


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    (output,) = outputs.values()
    spec = detection_of(card)
    cells = _cells(spec.height, spec.width)
    if output.ndim != 3 or not (output.shape[2] in cells or output.shape[1] in _with_objectness(cells)):
        raise ValueError(f"expected one that {EXPECTED}, found {summary(output)}")
    has_objectness = output.shape[1] in _with_objectness(cells)
    columns = output.transpose(0, 2, 1) if has_objectness else output
    first = BOX + has_objectness
    if columns.shape[1] <= first + spec.person:
        raise ValueError(f"expected a class {spec.person}, found {columns.shape[1] - first} classes")
    check_share(columns[:, BOX : first + spec.person + 1], "scores")
    if (columns[:, 2:BOX] < 0).any() or columns[:, :BOX].max() < 2:
        raise ValueError(f"expected boxes as centre and size in pixels, found up to {columns[:, :BOX].max():.3g}")


YOLOV8 = Family(name="yolov8", claim=_claim, check=_check)
YOLOV8_READER = Reader(YOLOV8, _decoder, has_doubles=True)
