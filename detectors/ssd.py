"""SSD with its output layer inside, as Intel's detectors are: rows of image, label, confidence and box."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

PIXELS = Pixels(order="bgr", layout="nchw")
IMAGE, LABEL, SCORE, COLUMNS = 0, 1, 2, 7
BOX = slice(3, 7)
PERSON = 1
"""Label 0 is the background, and in networks of one class the next is that class."""


def _decoder(card: ModelCard) -> Decode:
    spec, name = detection_of(card), card.outputs[0].name
    size = np.array([spec.width, spec.height] * 2, np.float32)

    def decode(outputs: Outputs, least: float) -> Candidates:
        rows = outputs[name].reshape(-1, COLUMNS)
        # Behind the last detection the rows are none: their image is -1.
        people = rows[(rows[:, IMAGE] >= 0) & (rows[:, LABEL] == spec.person) & likely(rows[:, SCORE], least)]
        return Candidates(people[:, BOX] * size, people[:, SCORE])

    return decode


def _claim(signature: Signature, asked: Asked) -> Claim:
    image, pixels = read_input(signature, PIXELS, (None, 3, None, None))
    output = signature.outputs[0]
    if not matches(output.shape, (None, None, None, COLUMNS)):
        raise ValueError(f"yields (1, 1, rows, 7), found {show_spec(output)}")
    if image.shape[0] not in (None, 1):
        raise ValueError(f"takes one image at a time, found {show_spec(image)}")
    person = read_person(signature, asked, None, PERSON)
    return Claim(
        pixels=pixels,
        input_meaning="images, stretched to its size",
        output_meanings={output.name: "rows: image, label, confidence, x1 y1 x2 y2 as shares of width and height"},
        why="rows of seven, as of an image, a label, its confidence and its box",
        detection=read_sizes(image, signature, asked, "stretch", person),
    )


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    (output,) = outputs.values()
    if output.ndim != 4 or output.shape[3] != COLUMNS:
        raise ValueError(f"expected (1, 1, rows, 7), found {summary(output)}")
    rows = output.reshape(-1, COLUMNS).astype(np.float32)
    found = rows[(rows[:, IMAGE] >= 0) & (rows[:, SCORE] > 0)]
    check_share(found[:, SCORE], "confidences")
    if (found[:, [IMAGE, LABEL]] != np.rint(found[:, [IMAGE, LABEL]])).any():
        raise ValueError("expected whole numbers as image and label in the first two columns, found others")
    if len(found) and np.abs(found[:, BOX]).max() > 2:
        raise ValueError("expected boxes as shares of width and height, found pixels")


SSD = Family(name="ssd", claim=_claim, check=_check, may_be_zero=True)
# In one output for all images of a run the rows of each would have to be told apart; Intel's take one image.
SSD_READER = Reader(SSD, _decoder, has_doubles=False, most_images=1)
