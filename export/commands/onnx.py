"""`reid-export onnx`: a checkpoint, or a network of random weights, as an ONNX file with its card."""

from dataclasses import dataclass
from pathlib import Path

import torch

from export.graph.artefact import SUFFIX, Words, export_onnx
from export.graph.errors import ExportError
from export.graph.extras import with_attention, with_mask
from export.graph.sources import AS_TRAINED, Sizes, random_subject, trained_subject, trunk_named
from export.graph.subject import Subject
from export.graph.tracing import OPSET, OPSETS
from export.target import check_target

NO_LICENCE = "none needed: random numbers"
NO_NOTES = "Not trained: the weights are random numbers. For trying an engine or a runtime, and for nothing else."


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of `onnx`.

    Attributes:
        file: to write.
        run: folder of a training; None: a network of random weights.
        network: its name; of a run, which of several.
        seed: of random weights.
        trunk: frame network under random weights; None: the catalogue's.
        sizes: see there.
        licence: of trained weights.
        notes: of trained weights.
        threshold: encoders only.
        opset: of ONNX.
        has_mask: whether the file takes which frames are no padding.
        has_attention: whether it yields what the network looked at.
    """

    file: Path
    run: Path | None = None
    network: str | None = None
    seed: int = 0
    trunk: str | None = None
    sizes: Sizes = AS_TRAINED
    licence: str | None = None
    notes: str | None = None
    threshold: float | None = None
    opset: int = OPSET
    has_mask: bool = False
    has_attention: bool = False


def run(request: Request) -> str:
    """Exports, and says what was written in one line.

    Raises:
        PasserbyError: if what was asked cannot be; one line.
    """
    check_target(request.file, SUFFIX)
    if not OPSETS[0] <= request.opset <= OPSETS[1]:
        raise ExportError(f"expected an opset from {OPSETS[0]} to {OPSETS[1]}, found {request.opset}")
    words = _words(request)
    torch.set_num_threads(1)
    subject = _subject(request)
    if subject.clip is None and request.threshold is not None:
        raise ExportError("a detector compares nobody: leave --threshold away")
    if request.has_mask:
        subject = with_mask(subject)
    if request.has_attention:
        subject = with_attention(subject)
    exported = export_onnx(subject, request.file, words, opset=request.opset)
    return f"{request.file}: {exported.card.model_id}, differs from torch by {exported.difference:.1e}"


def _subject(request: Request) -> Subject:
    if request.run is not None:
        if request.trunk is not None:
            raise ExportError("a run has its own trunk: leave --trunk away")
        return trained_subject(request.run, network=request.network, sizes=request.sizes)
    if request.network is None:
        raise ExportError(
            "expected a CHECKPOINT before the file, or --network NAME for one of random weights, found neither"
        )
    return random_subject(request.network, seed=request.seed, sizes=request.sizes, trunk=trunk_named(request.trunk))


def _words(request: Request) -> Words:
    if request.run is None:
        words = {"--licence": request.licence, "--notes": request.notes, "--threshold": request.threshold}
        if given := [option for option, value in words.items() if value is not None]:
            raise ExportError(f"random weights have no {' and no '.join(given)}: leave it away")
        return Words(NO_LICENCE, NO_NOTES)
    if request.licence is None or request.notes is None:
        raise ExportError("expected --licence and --notes of what was trained: the card carries them")
    if request.threshold is not None and not -1 <= request.threshold <= 1:
        raise ExportError(f"--threshold: expected a cosine, -1 to 1, found {request.threshold:g}")
    return Words(request.licence, request.notes, request.threshold)
