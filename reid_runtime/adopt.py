"""Writes the card of a foreign artefact, after checking that it is of the family it is said to be.

A family is what a file cannot tell by itself: colours, range, and what the outputs mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reid_runtime.card import ArtefactError, ClipSpec, ModelCard, Pixels, TensorSpec, file_sha256, write_card
from reid_runtime.load import describe, open_session
from reid_runtime.signature import Signature, matches, show_spec

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
YOLOX_STRIDES_PX = (8, 16, 32)
YOLOX_COLUMNS = 5  # x, y, width, height and objectness, before one column per class


@dataclass(frozen=True, slots=True)
class Family:
    """What the files of one family have in common.

    Attributes:
        pixels: how images become the input.
        input_shape: what the input must match; None: any size.
        input_meaning: for people.
        output_meaning: for people.
        check_output: raises ValueError, with what it expected, unless the output of one grey input fits.
    """

    pixels: Pixels
    input_shape: tuple[int | None, ...]
    input_meaning: str
    output_meaning: str
    check_output: Callable[[NDArray[Any], tuple[int, ...]], None]


def adopt(
    file: Path, *, family: str, name: str, licence: str, origin: str, notes: str = "", threshold: float | None = None
) -> ModelCard:
    """Checks an artefact against a family by running one input, and writes its card beside it.

    Args:
        file: the artefact.
        family: one of `FAMILIES`.
        name: goes into the `model_id` of all that the network makes.
        licence: of the weights.
        origin: where the artefact came from.
        notes: what else a user should know.
        threshold: see `ModelCard`.

    Raises:
        ArtefactError: if the file is missing, no network, or not of this family.
    """
    if family not in FAMILIES:
        raise ArtefactError(f"expected one of the families {', '.join(FAMILIES)}, found {family!r}")
    if not file.is_file():
        raise ArtefactError(f"expected an artefact at {file}, found no file: check the path")
    rule = FAMILIES[family]
    signature = describe(file)
    _check_declared(signature, rule, family, file)
    card = ModelCard(
        name=name,
        family=family,
        file=file.name,
        sha256=file_sha256(file),
        inputs=_with_meaning(signature.inputs, rule.input_meaning),
        outputs=_with_meaning(signature.outputs, rule.output_meaning),
        pixels=rule.pixels,
        clip=_clip(signature.inputs[0], rule.pixels),
        licence=licence,
        origin=origin,
        threshold=threshold,
        notes=notes,
    )
    _check_run(file, card, rule)
    write_card(card, file)
    return card


def _check_declared(signature: Signature, rule: Family, family: str, file: Path) -> None:
    if len(signature.inputs) != 1:
        raise ArtefactError(f"{file.name}: the family {family} has one input, found {len(signature.inputs)}")
    found = signature.inputs[0]
    expected = TensorSpec(name=found.name, shape=rule.input_shape, dtype=rule.pixels.dtype)
    if found.dtype != expected.dtype or not matches(found.shape, expected.shape):
        raise ArtefactError(f"{file.name}: the family {family} takes {show_spec(expected)}, found {show_spec(found)}")
    if None in found.shape[1:]:
        raise ArtefactError(
            f"{file.name}: expected sizes that are fixed in the file, found {show_spec(found)}: export it so"
        )


def _check_run(file: Path, card: ModelCard, rule: Family) -> None:
    """Runs one grey input: a file of the same sizes may still be of another family."""
    spec = card.inputs[0]
    shape = tuple(size or 1 for size in spec.shape)
    grey = np.full(shape, _grey(card.pixels), spec.dtype)
    output = open_session(file, card, provider="cpu", threads=1).run({spec.name: grey})[card.outputs[0].name]
    try:
        rule.check_output(output, shape)
    except ValueError as error:
        raise ArtefactError(f"{file.name} is not of the family {card.family}: {error}") from error


def _check_vectors(output: NDArray[Any], shape: tuple[int, ...]) -> None:
    if output.ndim < 2 or len(output) != shape[0] or not np.isfinite(output).all() or not output.any():
        raise ValueError(f"expected one finite vector per row, ({shape[0]}, D), found {_summary(output)}")


def _check_yolox(output: NDArray[Any], shape: tuple[int, ...]) -> None:
    height, width = shape[2:]
    anchors = sum((height // stride) * (width // stride) for stride in YOLOX_STRIDES_PX)
    if output.ndim != 3 or output.shape[:2] != (shape[0], anchors) or output.shape[2] <= YOLOX_COLUMNS:
        raise ValueError(f"expected ({shape[0]}, {anchors}, 5 + classes), found {_summary(output)}")
    # An undecoded position is a few cells at most; a decoded one goes up to the width of the image.
    if not np.isfinite(output).all() or np.abs(output[..., :2]).max() > width / 2:
        raise ValueError("expected undecoded boxes, found positions in pixels: export without decoding")


def _summary(output: NDArray[Any]) -> str:
    return f"{output.shape} {output.dtype}, {np.isfinite(output).mean():.0%} finite"


def _grey(pixels: Pixels) -> float:
    return 128.0 if pixels.dtype == "uint8" else float((128.0 * pixels.scale - pixels.mean[1]) / pixels.std[1])


def _clip(spec: TensorSpec, pixels: Pixels) -> ClipSpec | None:
    if pixels.layout != "nthwc":
        return None
    frames, height, width = (int(size or 0) for size in spec.shape[1:4])
    return ClipSpec(frames, height, width)


def _with_meaning(specs: tuple[TensorSpec, ...], meaning: str) -> tuple[TensorSpec, ...]:
    """The meaning belongs to the first; what else a file yields is not read."""
    return (specs[0].model_copy(update={"meaning": meaning}), *specs[1:])


FAMILIES = {
    "yolox": Family(
        pixels=Pixels(order="bgr", layout="nchw"),
        input_shape=(None, 3, None, None),
        input_meaning="images, letterboxed to the top left with grey 114",
        output_meaning="per anchor: x, y, width, height undecoded; objectness; one score per class, person first",
        check_output=_check_yolox,
    ),
    "osnet": Family(
        pixels=Pixels(order="rgb", layout="nchw", scale=1 / 255, mean=IMAGENET_MEAN, std=IMAGENET_STD),
        input_shape=(None, 3, None, None),
        input_meaning="crops of one person each",
        output_meaning="embedding, not normalised",
        check_output=_check_vectors,
    ),
    "intel-reid": Family(
        pixels=Pixels(order="bgr", layout="nhwc"),
        input_shape=(None, None, None, 3),
        input_meaning="crops of one person each",
        output_meaning="embedding, not normalised",
        check_output=_check_vectors,
    ),
    "clip": Family(
        pixels=Pixels(order="rgb", layout="nthwc", dtype="uint8"),
        input_shape=(None, None, None, None, 3),
        input_meaning="clips of one person each, raw bytes",
        output_meaning="embedding, not normalised",
        check_output=_check_vectors,
    ),
}
