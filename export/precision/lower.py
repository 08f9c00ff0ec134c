"""From a network in single precision to one in half precision or in 8 bits that the gate lets pass, with its card."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx
from rich.console import Console

from export.precision.graphs import PrecisionError, publish, read_prepared, save
from export.precision.half import calculating, halvable, out_of_reach, to_half
from export.precision.quantise import Feed, Ranges, quantisable, quantised, weighted
from export.precision.sensitivity import Probe, best_ranges, costs, fewest
from export.target import check_target, folder_beside
from export.verification.figures import LIMITS, Figures, Limits
from export.verification.trials import Trial
from reid_runtime.card import Lowered, ModelCard, Precision, read_card
from reid_runtime.load import open_session
from reid_runtime.session import Session


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
        least_cosine: between the two embeddings of a clip, in the place of the gate's; None: the gate's.
        threads: on the processor.
    """

    file: Path
    out: Path
    precision: Precision
    calibration: str
    least_cosine: float | None = None
    threads: int = 1

    @property
    def limits(self) -> Limits:
        """How far it may lie from the network that it is made of."""
        limits = LIMITS[self.precision]
        return limits if self.least_cosine is None else replace(limits, cosine=self.least_cosine)


def check_request(file: Path, out: Path) -> ModelCard:
    """The card of the network, after a look at what can be known before anything runs.

    Raises:
        ArtefactError: if file or card is not what it should be.
        PrecisionError: if the file is not in single precision, or is the one to write.
        TargetError: if there is no place for what is to come.
    """
    card = read_card(file)
    if card.precision != "fp32":
        made = f", made of {card.lowered.source_sha256[:12]}..." if card.lowered else ""
        raise PrecisionError(
            f"{file.name}: expected a network in fp32, found {card.precision}{made}: give the file that it was made of"
        )
    check_target(out, ".onnx")
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
    with folder_beside(request.out) as folder:
        model = read_prepared(request.file, folder)
        attempt = _Attempt(request, card, trial, folder, console)
        if request.precision == "fp16":
            candidate, calibration = _in_half(model, trial, attempt), ""
        else:
            candidate, ranges = _in_8_bits(model, trial, attempt)
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

    @property
    def name(self) -> str:
        """Of the file in single precision."""
        return self._request.file.name

    def source(self) -> Session:
        """The network in single precision."""
        file = self._request.file
        return open_session(file, read_card(file), provider="cpu", threads=self._request.threads)

    def probe(self, model: onnx.ModelProto, feeds: Sequence[Feed]) -> Probe:
        """See there."""
        return Probe(model, feeds, self._folder, threads=self._request.threads)

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
        return not candidate.figures.faults(self._request.limits)

    def refuse_bad(self, candidate: Candidate) -> None:
        """Raises PrecisionError if the gate does not let it pass."""
        faults = candidate.figures.faults(self._request.limits)
        if faults:
            raise PrecisionError(
                f"{self.name} is not good in {self._request.precision}: {'; '.join(faults)}: nothing was written"
            )


def _in_half(model: onnx.ModelProto, trial: Trial, attempt: _Attempt) -> Candidate:
    """With as few nodes left out as float16's range and the gate allow.

    A processor computes chains of nodes in float32 and would not notice what leaves the range; a GPU does.
    """
    probe = attempt.probe(model, trial.feeds(attempt.source()))
    names = halvable(model)
    far = out_of_reach(names, probe.largest(model))

    def make(excluded: Collection[str]) -> tuple[onnx.ModelProto, Collection[str]]:
        half = to_half(model, excluded=[*far, *excluded])
        return half.model, half.kept

    whole = attempt.judged(*make(()))
    if attempt.is_good(whole):
        return whole
    near = set(names).difference(far)
    ordered = _ordered(calculating(model, near), lambda name: to_half(model, only=[name]).model, probe, attempt)
    return _with_fewest(ordered, make, attempt) or whole


def _in_8_bits(model: onnx.ModelProto, trial: Trial, attempt: _Attempt) -> tuple[Candidate, Ranges]:
    """With as few nodes left out as the gate allows, and one at least in which the time goes in 8 bits."""
    feeds = trial.feeds(attempt.source())
    probe = attempt.probe(model, feeds)
    ranges = best_ranges(model, feeds, probe, attempt.folder)
    names = quantisable(model)
    heavy = weighted(model, names)
    if not heavy:
        raise PrecisionError(f"{attempt.name} has no convolution and no product of matrices to have in int8")

    def make(excluded: Collection[str]) -> tuple[onnx.ModelProto, Collection[str]]:
        return quantised(model, ranges, excluded=excluded), excluded

    whole = attempt.judged(*make(()))
    if attempt.is_good(whole):
        return whole, ranges
    ordered = _ordered(names, lambda name: quantised(model, ranges, only=[name]), probe, attempt)
    last = max(ordered.index(name) for name in heavy)
    return _with_fewest(ordered[:last], make, attempt) or whole, ranges


def _ordered(
    names: Sequence[str], alone: Callable[[str], onnx.ModelProto], probe: Probe, attempt: _Attempt
) -> list[str]:
    """The dearest first."""
    with attempt.console.status("") as status:
        found = costs(names, alone, probe, lambda done, total: status.update(f"measuring nodes: {done} of {total}"))
    return [cost.node for cost in found]


def _with_fewest(
    ordered: Sequence[str],
    make: Callable[[Collection[str]], tuple[onnx.ModelProto, Collection[str]]],
    attempt: _Attempt,
) -> Candidate | None:
    """What the gate lets pass, or the last that it did not; None: there was nothing to leave out."""
    tried: dict[int, Candidate] = {}

    def is_good(excluded: Collection[str]) -> bool:
        tried[len(excluded)] = attempt.judged(*make(excluded))
        return attempt.is_good(tried[len(excluded)])

    found = fewest(ordered, is_good)
    if found is not None:
        return tried[len(found)]
    return tried[max(tried)] if tried else None
