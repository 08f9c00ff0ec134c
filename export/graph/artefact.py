"""Writes a network with its card, whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from export.graph.errors import ParityError
from export.graph.parity import largest_difference
from export.graph.subject import Subject
from export.graph.tracing import OPSET, write_graph
from export.target import check_target, written_whole
from reid_runtime.card import ClipLengths, ModelCard, TensorSpec, artefact_sha256, write_card
from reid_runtime.load import describe, load_session

MAX_DIFFERENCE = 1e-3
"""Between the file's outputs and torch's, as a share of the largest number; single precision leaves about 1e-5."""
SUFFIX = ".onnx"


@dataclass(frozen=True, slots=True)
class Words:
    """What people should know of an artefact; see `ModelCard`.

    Attributes:
        licence: of the weights.
        notes: what they are good for, and what not.
        threshold: encoders only.
    """

    licence: str
    notes: str
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """
    Attributes:
        card: of the file.
        difference: from torch, the largest, as a share of the largest number.
    """

    card: ModelCard
    difference: float


def export_onnx(subject: Subject, file: Path, words: Words, *, opset: int = OPSET) -> Exported:
    """Writes file and card, after the file has shown that it yields what the network yields.

    Args:
        subject: what is exported.
        file: with the suffix .onnx; replaced where it is there.
        words: for the card.
        opset: of ONNX.

    Raises:
        TargetError: if the file cannot lie there.
        ExportError: if torch cannot write the network.
        ParityError: if the file yields something else; nothing is left of it.
        OSError: if it cannot be written; nothing is left of it.
    """
    check_target(file, SUFFIX)
    with written_whole(file) as partial_file:
        write_graph(subject, partial_file, opset=opset)
        card = _card(subject, partial_file, words, opset)
        write_card(card, partial_file)
        difference = largest_difference(subject, load_session(partial_file, provider="cpu", threads=1))
        if difference > MAX_DIFFERENCE:
            raise ParityError(f"{file.name} differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} allowed")
    return Exported(card, difference)


def _card(subject: Subject, file: Path, words: Words, opset: int) -> ModelCard:
    signature = describe(file)
    return ModelCard(
        name=file.stem,
        family=subject.family.name,
        file=file.name,
        sha256=artefact_sha256(file),
        inputs=_with_meanings(signature.inputs, subject.inputs),
        outputs=_with_meanings(signature.outputs, subject.outputs),
        pixels=subject.pixels,
        clip=subject.clip,
        lengths=_lengths(subject),
        detection=subject.detection,
        licence=words.licence,
        origin=subject.origin,
        threshold=words.threshold,
        notes=words.notes,
        network=subject.architecture,
        paper=subject.paper,
        opset=opset,
    )


def _lengths(subject: Subject) -> ClipLengths | None:
    lengths = subject.lengths
    if lengths is None or not lengths.is_free_when_exported:
        return None
    return ClipLengths(lengths.least, lengths.multiple)


def _with_meanings(specs: tuple[TensorSpec, ...], meanings: Mapping[str, str]) -> tuple[TensorSpec, ...]:
    return tuple(spec.model_copy(update={"meaning": meanings[spec.name]}) for spec in specs)
