"""Writes the card of a foreign artefact, after checking that it is of the family it is said to be, or finding which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from reid_runtime.card import (
    ArtefactError,
    ModelCard,
    Pixels,
    TensorSpec,
    artefact_sha256,
    first_fault,
    write_card,
)
from reid_runtime.family import Asked, Claim, Family, summary
from reid_runtime.load import describe, open_session
from reid_runtime.session import Session
from reid_runtime.signature import Signature, show_spec


@dataclass(frozen=True, slots=True)
class Origin:
    """What no file says of itself; see `ModelCard`."""

    name: str
    licence: str
    origin: str
    notes: str = ""
    threshold: float | None = None


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
        threshold: see `ModelCard`.
        asked: what is said of it where the file leaves it open.

    Raises:
        ArtefactError: if the file is missing, no network, or not of this family.
    """
    words = Origin(name, licence, origin, notes, threshold)
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
    fitting: list[Examined] = []
    refused: dict[str, str] = {}
    for family in families:
        try:
            claim = family.claim(signature, asked)
        except ValueError as error:
            refused[family.name] = f": the family {family.name} {error}"
            continue
        card = _card(file, family, claim, signature, words, sha256)
        try:
            _check_run(file, card, family)
        except ValueError as error:
            refused[family.name] = f" is not of the family {family.name}: {error}"
            continue
        fitting.append(Examined(card, claim.why))
    return _only(file, fitting, refused, signature)


def _only(file: Path, fitting: list[Examined], refused: Mapping[str, str], signature: Signature) -> Examined:
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        names = " and ".join(each.card.family for each in fitting)
        raise ArtefactError(
            f"{file.name} fits {names}, {_show(signature)}: say which, --family {fitting[0].card.family}"
        )
    if len(refused) == 1:
        raise ArtefactError(f"{file.name}{next(iter(refused.values()))}")
    closest = [reason for reason in refused.values() if reason.startswith(" is not")]
    raise ArtefactError(
        f"{file.name} fits none of the families {', '.join(refused)}: found {_show(signature)}"
        + "".join(f"; it{reason}" for reason in closest)
    )


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
            notes=words.notes,
        )
    except ValidationError as error:
        raise ArtefactError(f"{file.name!r}: no card can say that: {first_fault(error)}") from error


def _with_meaning(spec: TensorSpec, claim: Claim) -> TensorSpec:
    """The meaning of what is read; what else a file yields has none."""
    return spec.model_copy(update={"meaning": claim.output_meanings.get(spec.name, "")})


def _check_run(file: Path, card: ModelCard, family: Family) -> None:
    """Runs noise and grey: a file may be spoilt, and one of the same sizes may still be of another family."""
    session = open_session(file, card, provider="cpu", threads=1)
    shape = _input_shape(card)
    noise = _value(card.pixels, np.random.default_rng(0).integers(0, 256, shape))
    for image in (noise, _value(card.pixels, np.full(shape, 128))):
        outputs = _run(session, image, family)
        if image is noise:
            _check_alive(outputs, file, family)
        family.check(outputs, card)


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


def _check_alive(outputs: Mapping[str, NDArray[Any]], file: Path, family: Family) -> None:
    """What came of noise: NaN and zeros are what is left of a file that was changed on its way."""
    spoilt = [output for output in outputs.values() if not np.isfinite(output).all()]
    is_dead = not family.may_be_zero and not any(output.any() for output in outputs.values())
    if not spoilt and not is_dead:
        return
    found = f"NaN or infinity ({summary(spoilt[0])})" if spoilt else "nothing but zeros"
    raise ArtefactError(
        f"{file.name} yields {found} for noise: the file is damaged, or was changed on its way: "
        "take it from its origin anew"
    )


def _value(pixels: Pixels, levels: NDArray[np.int64]) -> NDArray[Any]:
    """Levels 0-255 in the range that the network takes; that of its second colour will do for all."""
    return levels if pixels.dtype == "uint8" else (levels * pixels.scale - pixels.mean[1]) / pixels.std[1]
