"""From a network in single precision to one in half precision or in 8 bits that the gate lets pass, with its card."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import onnx
from rich.console import Console

from export.precision.graphs import PrecisionError, publish, read_prepared, save, scratch
from export.precision.half import to_half
from export.precision.quantise import Ranges, quantisable, quantised, weighted
from export.precision.sensitivity import Probe, best_ranges, costs, fewest
from export.verification.figures import LIMITS, Figures
from export.verification.trials import Trial
from reid_runtime.card import Lowered, ModelCard, Precision, read_card
from reid_runtime.load import open_session


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A network that may be the one.

    Attributes:
        model: see there.
        kept: names of the nodes in higher precision.
        figures: what the gate measured.
    """

    model: onnx.ModelProto
    kept: tuple[str, ...]
    figures: Figures


@dataclass(frozen=True, slots=True)
class Request:
    """
    Attributes:
        file: in single precision, with its card.
        out: to write.
        precision: fp16 or int8.
        calibration: what it is calibrated on, in words, for the card.
        threads: on the processor.
    """

    file: Path
    out: Path
    precision: Precision
    calibration: str
    threads: int = 1


def check_request(file: Path, out: Path) -> ModelCard:
    """The card of the network, after a look at what can be known before anything runs.

    Raises:
        ArtefactError: if file or card is not what it should be.
        PrecisionError: if the file is not in single precision, or there is no place for what is to come.
    """
    card = read_card(file)
    if card.precision != "fp32":
        made = f", made of {card.lowered.source_sha256[:12]}..." if card.lowered else ""
        raise PrecisionError(
            f"{file.name}: expected a network in fp32, found {card.precision}{made}: give the file that it was made of"
        )
    if out.suffix != ".onnx":
        raise PrecisionError(f"--out: expected a file with the suffix .onnx, found {out.name}")
    if not out.parent.is_dir():
        raise PrecisionError(f"--out: expected a folder at {out.parent}, found none: make it")
    if out.resolve() == file.resolve():
        raise PrecisionError(f"--out: expected another file than {file.name}, found the same")
    return card


def lower(request: Request, trial: Trial, console: Console) -> tuple[ModelCard, Figures]:
    """Writes the network in another precision, with its card; what the gate refuses is not written.

    Raises:
        ArtefactError: if the file is no network.
        PrecisionError: if the gate refuses it.
        OSError: if it cannot be written.
    """
    card = check_request(request.file, request.out)
    with scratch(request.out) as folder:
        model = read_prepared(request.file, folder)
        attempt = _Attempt(request, card, trial, folder, console)
        calibration = ""
        if request.precision == "fp16":
            half = to_half(model)
            candidate = attempt.judged(half.model, half.kept)
        else:
            candidate, ranges = _in_8_bits(model, request, trial, attempt)
            calibration = f"{request.calibration}, {ranges.method}"
        attempt.refuse_bad(candidate)
        lowered = Lowered(
            source_sha256=card.sha256,
            calibration=calibration,
            kept=candidate.kept,
            figures=candidate.figures.numbers(),
        )
        made = save(candidate.model, folder / request.out.name)
        fields = {"file": request.out.name, "precision": request.precision, "lowered": lowered}
        written = publish(made, request.out, lambda sha256: card.model_copy(update={**fields, "sha256": sha256}))
    return written, candidate.figures


class _Attempt:
    """Candidates of one request, each run as serving would run it."""

    def __init__(self, request: Request, card: ModelCard, trial: Trial, folder: Path, console: Console) -> None:
        self._request = request
        self._card = card.model_copy(update={"precision": request.precision})
        self._trial = trial
        self._folder = folder
        self.console = console

    @property
    def folder(self) -> Path:
        """For files that are needed meanwhile."""
        return self._folder

    def judged(self, model: onnx.ModelProto, kept: Collection[str]) -> Candidate:
        """A network beside the reference."""
        path = save(model, self._folder / "candidate.onnx")
        session = open_session(path, self._card, provider="cpu", threads=self._request.threads)
        candidate = Candidate(model, tuple(kept), self._trial.judge(session))
        words = f"{self._request.precision}, {len(kept)} nodes in higher precision: {candidate.figures.line()}"
        self.console.print(words, soft_wrap=True)
        return candidate

    def is_good(self, candidate: Candidate) -> bool:
        """Whether the gate lets it pass."""
        return not candidate.figures.faults(LIMITS[self._request.precision])

    def refuse_bad(self, candidate: Candidate) -> None:
        """Raises PrecisionError if the gate does not let it pass."""
        faults = candidate.figures.faults(LIMITS[self._request.precision])
        if faults:
            raise PrecisionError(
                f"{self._request.file.name} is not good in {self._request.precision}: {'; '.join(faults)}: nothing "
                "was written"
            )


def _in_8_bits(model: onnx.ModelProto, request: Request, trial: Trial, attempt: _Attempt) -> tuple[Candidate, Ranges]:
    """With as few nodes left out as the gate allows."""
    source = open_session(request.file, read_card(request.file), provider="cpu", threads=request.threads)
    feeds = trial.feeds(source)
    probe = Probe(model, feeds, attempt.folder, threads=request.threads)
    ranges = best_ranges(model, feeds, probe, attempt.folder)
    names = quantisable(model)
    if not weighted(model, names):
        raise PrecisionError(f"{request.file.name} has no convolution and no product of matrices to have in int8")
    whole = attempt.judged(quantised(model, ranges), ())
    if attempt.is_good(whole):
        return whole, ranges
    with attempt.console.status("") as status:
        ordered = costs(model, ranges, probe, lambda done, total: status.update(f"measuring nodes: {done} of {total}"))
    tried: dict[int, Candidate] = {}

    def is_good(excluded: Collection[str]) -> bool:
        if not set(weighted(model, names)) - set(excluded):
            return False
        tried[len(excluded)] = attempt.judged(quantised(model, ranges, excluded=excluded), excluded)
        return attempt.is_good(tried[len(excluded)])

    found = fewest([cost.node for cost in ordered], is_good)
    if found is not None:
        return tried[len(found)], ranges
    return (tried[max(tried)] if tried else whole), ranges
