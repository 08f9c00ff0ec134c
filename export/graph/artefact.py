"""Writes a network with its card, whole or not at all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from export.graph.errors import ExportError, ParityError
from export.graph.parity import largest_difference
from export.graph.subject import Subject
from export.graph.tracing import OPSET, write_graph
from reid_runtime.card import ClipLengths, ModelCard, TensorSpec, artefact_sha256, card_path, write_card
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
        ExportError: if the file has another suffix, or torch cannot write the network.
        ParityError: if the file yields something else; nothing is left of it.
        OSError: if it cannot be written; nothing is left of it.
    """
    check_target(file)
    with _beside(file) as partial_file:
        write_graph(subject, partial_file, opset=opset)
        card = _card(subject, partial_file, words, opset)
        write_card(card, partial_file)
        difference = largest_difference(subject, load_session(partial_file, provider="cpu", threads=1))
        if difference > MAX_DIFFERENCE:
            raise ParityError(f"{file.name} differs from torch by {difference:.1e}, {MAX_DIFFERENCE:.0e} allowed")
    return Exported(card, difference)


def check_target(file: Path) -> None:
    """What can be told of a target before anything is computed.

    Raises:
        ExportError: if it has another suffix, is a folder, or lies in none.
    """
    if file.suffix != SUFFIX:
        raise ExportError(f"expected a file with the suffix {SUFFIX}, found {file}")
    if file.is_dir():
        raise ExportError(f"expected a file to write, found a folder at {file}")
    if not file.parent.is_dir():
        raise ExportError(f"expected a folder for {file.name}, found none at {file.parent}: make it first")


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A path of the same name in a folder beside; what lies there at the end, with its card, takes the file's place."""
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
        partial_file = Path(folder, file.name)
        try:
            yield partial_file
        except OSError as error:
            # A full disk does not say which file was one too many.
            raise OSError(error.errno, error.strerror, str(error.filename or file)) from error
        partial_file.replace(file)
        card_path(partial_file).replace(card_path(file))


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
