"""NanoDet (RangiLyu): a score per class, and each side of a box as a distribution over eight distances.

The distribution is that of Li et al., "Generalized Focal Loss", NeurIPS 2020 (arXiv 2006.04388): the mean of its bins,
in strides, is the distance of that side from the middle of the cell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Boxes
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
from reid_runtime.card import ModelCard, Pixels, TensorSpec
from reid_runtime.family import Asked, Claim, Family, read_input
from reid_runtime.signature import Signature, show_spec

PIXELS = Pixels(order="bgr", layout="nchw", mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395))
BINS = 8
SIDES = 4 * BINS
"""Columns of the four distributions: left, top, right, bottom."""
PLAIN, PLUS = (8, 16, 32), (8, 16, 32, 64)
"""Strides of NanoDet, whose distances count from the middle of a cell, and of NanoDet-Plus, from its corner."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file says it.

    Attributes:
        strides: of its cells, pixels.
        scores: outputs of scores, the finest stride first; the only one where all stand in one output.
        sides: outputs of distributions, in the same order; none where all stand in one output.
        classes: how many.
    """

    strides: tuple[int, ...]
    scores: tuple[str, ...]
    sides: tuple[str, ...]
    classes: int


def boxes_of(sides: NDArray[np.float32], centres: NDArray[np.float32], strides: NDArray[np.float32]) -> Boxes:
    """(N, 32) distributions about centres (N, 2) in pixels -> corners, pixels of the network's input."""
    bins = sides.reshape(-1, 4, BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = (weights @ np.arange(BINS, dtype=np.float32)) / weights.sum(axis=2) * strides
    return np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], axis=1)


def _decoder(card: ModelCard) -> Decode:
    spec = detection_of(card)
    form = _form(card.outputs, spec.height, spec.width)
    cells, strides = grid(spec.height, spec.width, form.strides)
    centres = (cells + np.float32(0.5 if form.strides == PLAIN else 0.0)) * strides

    def decode(outputs: Outputs, least: float) -> Candidates:
        scores, sides = _split(outputs, form)
        people = scores[:, spec.person]
        kept = np.flatnonzero(likely(people, least))
        return Candidates(boxes_of(sides[kept], centres[kept], strides[kept]), people[kept])

    return decode


def _split(outputs: Outputs, form: Form) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scores (A, classes) and distributions (A, 32) of all cells; of several images, with their axis in front."""
    if not form.sides:
        rows = outputs[form.scores[0]]
        return rows[..., : form.classes], rows[..., form.classes :]
    scores, sides = ([outputs[name] for name in names] for names in (form.scores, form.sides))
    return np.concatenate(scores, axis=-2), np.concatenate(sides, axis=-2)


def _form(outputs: tuple[TensorSpec, ...], height: int, width: int) -> Form:
    """Raises ValueError if the outputs are not those of a NanoDet for images of that size."""
    for strides in (PLAIN, PLUS):
        cells = [cell_count(height, width, [stride]) for stride in strides]
        whole = outputs[0].shape
        if len(outputs) == 1 and len(whole) == 3 and whole[1] == sum(cells) and (whole[2] or 0) > SIDES:
            return Form(strides, (outputs[0].name,), (), int(whole[2] or 0) - SIDES)
        pairs = [_pair(outputs, count) for count in cells]
        found = [pair for pair in pairs if pair is not None]
        if len(found) == len(strides) and len(outputs) == 2 * len(strides):
            scores, sides = zip(*found, strict=True)
            return Form(strides, _names(scores), _names(sides), int(scores[0].shape[2]))
    raise ValueError(
        f"yields scores and {SIDES} columns of distances for the cells of strides 8, 16, 32 and perhaps 64, in one "
        f"output or in two a stride, found {', '.join(map(show_spec, outputs))}"
    )


def _names(outputs: tuple[TensorSpec, ...]) -> tuple[str, ...]:
    return tuple(spec.name for spec in outputs)


def _pair(outputs: tuple[TensorSpec, ...], cells: int) -> tuple[TensorSpec, TensorSpec] | None:
    """Scores and distributions of one stride; where the classes are 32, too, the scores come first."""
    own = [spec for spec in outputs if len(spec.shape) == 3 and spec.shape[1] == cells]
    if len(own) != 2:
        return None
    scores, sides = own if own[1].shape[2] == SIDES else own[::-1]
    return (scores, sides) if sides.shape[2] == SIDES and scores.shape[2] else None


def _claim(signature: Signature, asked: Asked) -> Claim:
    image, pixels = read_input(signature, PIXELS, (None, 3, None, None))
    sizes = read_sizes(image, signature, asked, "stretch", 0)
    form = _form(signature.outputs, sizes.height, sizes.width)
    person = read_person(signature, asked, form.classes)
    scores = "scores per class, and four distributions" if not form.sides else "scores per class"
    meanings = dict.fromkeys(form.scores, scores) | dict.fromkeys(form.sides, "four distributions of distances")
    return Claim(
        pixels=pixels,
        input_meaning="images, stretched to its size",
        output_meanings=meanings,
        why=f"{form.classes} classes and 4 x {BINS} distances for the cells of strides "
        + ", ".join(map(str, form.strides)),
        detection=replace(sizes, person=person),
    )


def _check(outputs: Mapping[str, NDArray[Any]], card: ModelCard) -> None:
    spec = detection_of(card)
    scores, _ = _split(outputs, _form(card.outputs, spec.height, spec.width))
    check_share(scores, "scores")


NANODET = Family(name="nanodet", claim=_claim, check=_check)
NANODET_READER = Reader(NANODET, _decoder, has_doubles=True)
