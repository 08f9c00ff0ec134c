"""Writes the card of a foreign artefact, after checking that it is of the family it is said to be, or finding which."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from reid_runtime.card import (
    ArtefactError,
    LikenessCurve,
    ModelCard,
    Pixels,
    TensorSpec,
    artefact_sha256,
    first_fault,
    write_card,
)
from reid_runtime.family import Asked, Claim, Family, UnsaidError, summary
from reid_runtime.load import describe, open_session, own_provider
from reid_runtime.session import Session
from reid_runtime.signature import Signature, show_spec

DAMAGED = "the file is damaged, or was changed on its way: take it from its origin anew"
"""What is said of NaN and of zeros: they are what is left then."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What no file says of itself; see `ModelCard`."""

    name: str
    licence: str
    origin: str
    notes: str = ""
    threshold: float | None = None
    likeness: LikenessCurve | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that was found to be of a family.

    Attributes:
        card: that it should have.
        why: what of it speaks for the family, in a few words.
    """

    card: ModelCard
    why: str


def adopt(
    file: Path,
    family: Family,
    *,
    name: str,
    licence: str,
    origin: str,
    notes: str = "",
    threshold: float | None = None,
    likeness: LikenessCurve | None = None,
    asked: Asked | None = None,
) -> ModelCard:
    """Checks an artefact against a family by running it, and writes its card beside it.

    Args:
        file: the artefact.
        family: that it is said to be of.
        name: goes into the `model_id` of all that the network makes.
        licence: of the weights.
        origin: where the artefact came from.
        notes: what else a user should know.
        threshold, likeness: see `ModelCard`.
        asked: what is said of it where the file leaves it open.

    Raises:
        ArtefactError: if the file is missing, no network, or not of this family.
    """
    words = Origin(name, licence, origin, notes, threshold, likeness)
    card = examine(file, [family], words, asked or Asked()).card
    write_card(card, file)
    return card


def examine(file: Path, families: Sequence[Family], words: Origin, asked: Asked) -> Examined:
    """Which of the families an artefact is of: the one whose inputs and outputs it has, and that it behaves like.

    Raises:
        ArtefactError: if the file is missing, no network, or of none of the families, or of several.
    """
    if not file.is_file():
        raise ArtefactError(f"expected an artefact at {file}, found no file: check the path")
    sha256 = artefact_sha256(file)  # first: of weights that are missing, it says which
    signature = describe(file)
    if not signature.inputs or not signature.outputs:
        raise ArtefactError(
            f"{file.name}: expected a network with inputs and outputs, found {len(signature.inputs)} inputs and "
            f"{len(signature.outputs)} outputs: export it anew"
        )
    found = [
        _try(family, file, signature, replace(asked, is_named=len(families) == 1), words, sha256) for family in families
    ]
    fitting = [each for each in found if isinstance(each, Examined)]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        names = " and ".join(each.card.family for each in fitting)
        raise ArtefactError(
            f"{file.name} fits {names}, {_show(signature)}: say which it is, such as --family {fitting[0].card.family}"
        )
    refused = [each for each in found if isinstance(each, _Refused)]
    raise ArtefactError(f"{file.name}{refused[0].reason if len(families) == 1 else _none_fits(refused, signature)}")


@dataclass(frozen=True, slots=True)
class _Refused:
    """Why a file is not of a family.

    Attributes:
        family: its name.
        reason: for a line that begins with the file's name.
        is_close: whether its shapes are those of the family, and what it yields is not.
        is_unsaid: whether its shapes are those of the family, and something is missing.
    """

    family: str
    reason: str
    is_close: bool = False
    is_unsaid: bool = False


def _try(
    family: Family, file: Path, signature: Signature, asked: Asked, words: Origin, sha256: str
) -> Examined | _Refused:
    try:
        claim = family.claim(signature, asked)
    except ValueError as error:
        return _Refused(family.name, f": the family {family.name} {error}", is_unsaid=isinstance(error, UnsaidError))
    card = _card(file, family, claim, signature, words, sha256)
    fault = _find_fault(file, card, family)
    return _Refused(family.name, fault, is_close=True) if fault else Examined(card, claim.why)


def _none_fits(refused: Sequence[_Refused], signature: Signature) -> str:
    """What was seen, and how near it came to a family; or what is missing, if that is all."""
    close = [each for each in refused if each.is_close]
    unsaid = [each for each in refused if each.is_unsaid]
    if unsaid and not close:
        return unsaid[0].reason
    names = ", ".join(each.family for each in refused)
    near = "".join(f"; it{each.reason}" for each in close) + "".join(f";{each.reason[1:]}" for each in unsaid)
    return f" fits none of the families {names}: found {_show(signature)}{near}"


def _show(signature: Signature) -> str:
    inputs, outputs = (
        ", ".join(f"{spec.name} {show_spec(spec)}" for spec in specs) for specs in (signature.inputs, signature.outputs)
    )
    return f"inputs {inputs}; outputs {outputs}"


def _card(file: Path, family: Family, claim: Claim, signature: Signature, words: Origin, sha256: str) -> ModelCard:
    first, *others = signature.inputs
    try:
        return ModelCard(
            name=words.name,
            family=family.name,
            file=file.name,
            sha256=sha256,
            inputs=(first.model_copy(update={"meaning": claim.input_meaning}), *others),
            outputs=tuple(_with_meaning(spec, claim) for spec in signature.outputs),
            pixels=claim.pixels,
            clip=claim.clip,
            detection=claim.detection,
            precision="fp16" if first.dtype == "float16" else "fp32",
            licence=words.licence,
            origin=words.origin,
            threshold=words.threshold,
            likeness=words.likeness,
            notes=words.notes,
        )
    except ValidationError as error:
        raise ArtefactError(f"{file.name!r}: no card can say that: {first_fault(error)}") from error


def _with_meaning(spec: TensorSpec, claim: Claim) -> TensorSpec:
    """The meaning of what is read; what else a file yields has none."""
    return spec.model_copy(update={"meaning": claim.output_meanings.get(spec.name, "")})


def _find_fault(file: Path, card: ModelCard, family: Family) -> str:
    """Runs noise and grey: a file may be spoilt, and one of the same sizes may still be of another family.

    Returns:
        What is wrong, for a line that begins with the file's name; nothing if nothing is.

    Raises:
        ArtefactError: if it yields what no family could read.
    """
    session = open_session(file, card, provider=own_provider(file), threads=1)
    shape = _input_shape(card)
    noise = _run(session, _value(card.pixels, np.random.default_rng(0).integers(0, 256, shape)), family)
    grey = _run(session, _value(card.pixels, np.full(shape, 128)), family)
    spoilt = [output for output in noise.values() if not np.isfinite(output).all()]
    if spoilt:
        raise ArtefactError(f"{file.name} yields NaN or infinity ({summary(spoilt[0])}) for noise: {DAMAGED}")
    if not family.may_be_zero and not any(output.any() for output in noise.values()):
        return f" yields nothing but zeros for noise: {DAMAGED}"
    try:
        family.check(noise, card)
        family.check(grey, card)
    except ValueError as error:
        return f" is not of the family {family.name}: {error}"
    return ""


def _run(session: Session, images: NDArray[Any], family: Family) -> dict[str, NDArray[Any]]:
    """What is read of the outputs."""
    card = session.card
    first = {card.inputs[0].name: images.astype(card.inputs[0].dtype)}
    outputs = session.run({**first, **family.further_inputs(card, len(images))})
    return {spec.name: outputs[spec.name] for spec in card.outputs if spec.meaning}


def _input_shape(card: ModelCard) -> tuple[int, ...]:
    """One row of the first input; where its file leaves a size open, that of the card."""
    batch, *sizes = card.inputs[0].shape
    if card.detection is not None:
        sizes = [sizes[0], card.detection.height, card.detection.width]
    return (batch or 1, *(int(size or 0) for size in sizes))


def _value(pixels: Pixels, levels: NDArray[np.int64]) -> NDArray[Any]:
    """Levels 0-255 in the range that the network takes; that of its second colour will do for all."""
    return levels if pixels.dtype == "uint8" else (levels * pixels.scale - pixels.mean[1]) / pixels.std[1]
