"""Networks that settle doubles themselves: rows of six, as YOLOv10 and 26 yield them, and exports with NMS inside."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.fitting import GREY
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
from reid_runtime.signature import Signature, matches, show_spec

PIXELS = Pixels(order="rgb", layout="nchw", scale=1 / 255)
SCORE, CLASS, COLUMNS = 4, 5, 6
PERSON = 0
"""Of COCO's classes, by which most count."""


def _decoder(card: ModelCard) -> Decode:
    spec, name = detection_of(card), card.outputs[0].name

    def decode(outputs: Outputs, least: float) -> Candidates:
        rows = outputs[name]
        people = rows[likely(rows[:, SCORE], least) & (rows[:, CLASS] == spec.person)]
        return Candidates(people[:, :4], people[:, SCORE])

    return decode


def _claim(signature: Signature, asked: Asked) -> Claim:
    image, pixels = read_input(signature, PIXELS, (None, 3, None, None))
    output = signature.outputs[0]
    if not matches(output.shape, (None, None, COLUMNS)):
        raise ValueError(f"yields (N, rows, 6), found {show_spec(output)}")
    person = read_person(signature, asked, None, PERSON)
    return Claim(
        pixels=pixels,
        input_meaning=f"images, letterboxed to the centre with grey {GREY}",
        output_meanings={output.name: "rows: x1 y1 x2 y2 in pixels, score, class"},
        why="rows of six, as of a box, its score and its class",
        detection=read_sizes(image, signature, asked, "centre", person),
    )


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    (output,) = outputs.values()
    if output.ndim != 3 or output.shape[2] != COLUMNS:
        raise ValueError(f"expected (N, rows, 6), found {summary(output)}")
    rows = output.reshape(-1, COLUMNS).astype(np.float32)
    check_share(rows[:, SCORE], "scores")
    if (rows[:, CLASS] != np.rint(rows[:, CLASS])).any():
        raise ValueError("expected whole numbers as classes in the sixth column, found others")
    found = rows[rows[:, SCORE] > 0]
    if (found[:, 2:4] < found[:, :2]).any():
        raise ValueError("expected boxes as two corners, found a second that lies before its first")
    if len(found) and np.abs(found[:, :4]).max() < 2:
        raise ValueError("expected boxes in pixels, found shares of the image")


END2END = Family(name="end2end", claim=_claim, check=_check, may_be_zero=True)
END2END_READER = Reader(END2END, _decoder, has_doubles=False)
