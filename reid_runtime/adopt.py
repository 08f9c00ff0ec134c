"""Writes the card of a foreign artefact, after checking that it is of the family it is said to be.

A family is what a file cannot tell by itself: colours, range, and what the outputs mean. Each is described beside the
code that reads its outputs; nothing here knows one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from reid_runtime.card import (
    ArtefactError,
    ClipSpec,
    ModelCard,
    Pixels,
    TensorSpec,
    artefact_sha256,
    first_fault,
    write_card,
)
from reid_runtime.load import describe, open_session, own_provider
from reid_runtime.signature import Signature, matches, show_spec


@dataclass(frozen=True, slots=True)
class Family:
    """What the files of one family have in common.

    Attributes:
        name: of the family, as cards say it.
        pixels: how images become the input.
        input_shape: what the input must match; None: any size.
        input_meaning: for people.
        output_meaning: for people.
        check_output: raises ValueError, with what it expected, unless the output of one grey input fits.
    """

    name: str
    pixels: Pixels
    input_shape: tuple[int | None, ...]
    input_meaning: str
    output_meaning: str
    check_output: Callable[[NDArray[Any], tuple[int, ...]], None]


def adopt(
    file: Path, family: Family, *, name: str, licence: str, origin: str, notes: str = "", threshold: float | None = None
) -> ModelCard:
    """Checks an artefact against a family by running one input, and writes its card beside it.

    Args:
        file: the artefact.
        family: that it is said to be of.
        name: goes into the `model_id` of all that the network makes.
        licence: of the weights.
        origin: where the artefact came from.
        notes: what else a user should know.
        threshold: see `ModelCard`.

    Raises:
        ArtefactError: if the file is missing, no network, or not of this family.
    """
    if not file.is_file():
        raise ArtefactError(f"expected an artefact at {file}, found no file: check the path")
    sha256 = artefact_sha256(file)  # first: of weights that are missing, it says which
    signature = describe(file)
    _check_declared(signature, family, file)
    card = _card(
        name=name,
        family=family.name,
        file=file.name,
        sha256=sha256,
        inputs=_with_meaning(signature.inputs, family.input_meaning),
        outputs=_with_meaning(signature.outputs, family.output_meaning),
        pixels=family.pixels,
        clip=_clip(signature.inputs[0], family.pixels),
        licence=licence,
        origin=origin,
        threshold=threshold,
        notes=notes,
    )
    _check_run(file, card, family)
    write_card(card, file)
    return card


def _card(**fields: Any) -> ModelCard:
    try:
        return ModelCard(**fields)
    except ValidationError as error:
        raise ArtefactError(f"{fields['file']!r}: no card can say that: {first_fault(error)}") from error


def _check_declared(signature: Signature, family: Family, file: Path) -> None:
    if len(signature.inputs) != 1:
        raise ArtefactError(f"{file.name}: the family {family.name} has one input, found {len(signature.inputs)}")
    found = signature.inputs[0]
    expected = TensorSpec(name=found.name, shape=family.input_shape, dtype=family.pixels.dtype)
    if found.dtype != expected.dtype or not matches(found.shape, expected.shape):
        raise ArtefactError(
            f"{file.name}: the family {family.name} takes {show_spec(expected)}, found {show_spec(found)}"
        )
    if None in found.shape[1:]:
        raise ArtefactError(
            f"{file.name}: expected sizes that are fixed in the file, found {show_spec(found)}: export it so"
        )


def _check_run(file: Path, card: ModelCard, family: Family) -> None:
    """Runs noise and grey: a file may be spoilt, and one of the same sizes may still be of another family."""
    spec = card.inputs[0]
    shape = tuple(size or 1 for size in spec.shape)
    session = open_session(file, card, provider=own_provider(file), threads=1)
    noise = _value(card.pixels, np.random.default_rng(0).integers(0, 256, shape)).astype(spec.dtype)
    _check_alive(session.run({spec.name: noise})[card.outputs[0].name], file)
    grey = np.full(shape, _value(card.pixels, np.array(128)), spec.dtype)
    output = session.run({spec.name: grey})[card.outputs[0].name]
    try:
        family.check_output(output, shape)
    except ValueError as error:
        raise ArtefactError(f"{file.name} is not of the family {card.family}: {error}") from error


def _check_alive(output: NDArray[Any], file: Path) -> None:
    """What came of noise: NaN and zeros are what is left of a file that was changed on its way."""
    if output.any() and np.isfinite(output).all():
        return
    found = "nothing but zeros" if np.isfinite(output).all() else f"NaN or infinity ({summary(output)})"
    raise ArtefactError(
        f"{file.name} yields {found} for noise: the file is damaged, or was changed on its way: "
        "take it from its origin anew"
    )


def summary(output: NDArray[Any]) -> str:
    """Shape, type and share of finite numbers, for a message."""
    return f"{output.shape} {output.dtype}, {np.isfinite(output).mean():.0%} finite"


def _value(pixels: Pixels, levels: NDArray[np.int64]) -> NDArray[Any]:
    """Levels 0-255 in the range that the network takes; that of its second colour will do for all."""
    return levels if pixels.dtype == "uint8" else (levels * pixels.scale - pixels.mean[1]) / pixels.std[1]


def _clip(spec: TensorSpec, pixels: Pixels) -> ClipSpec | None:
    if pixels.layout != "nthwc":
        return None
    frames, height, width = (int(size or 0) for size in spec.shape[1:4])
    return ClipSpec(frames, height, width)


def _with_meaning(specs: tuple[TensorSpec, ...], meaning: str) -> tuple[TensorSpec, ...]:
    """The meaning belongs to the first; what else a file yields is not read."""
    return (specs[0].model_copy(update={"meaning": meaning}), *specs[1:])
