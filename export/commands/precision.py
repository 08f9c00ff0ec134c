"""`reid-export precision`: a network in half precision or in 8 bits, once the gate has let it pass."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from export.precision.graphs import PrecisionError
from export.precision.lower import Request, check_request, lower
from export.verification.figures import LIMITS
from export.verification.trials import Samples, is_detector, open_trial
from reid_runtime.card import ModelCard, Precision
from reid_runtime.load import open_session


@dataclass(frozen=True, slots=True)
class Asked:
    """
    Attributes:
        file: in single precision, with its card.
        out: to write.
        precision: fp16 or int8.
        calibrate, data: see `open_trial`.
        samples: how many.
        has_labels: see `open_trial`.
        least_cosine: see `Request`.
        threads: on the processor.
    """

    file: Path
    out: Path
    precision: Precision
    calibrate: str | None = None
    data: str | None = None
    samples: Samples = Samples()  # noqa: RUF009  # frozen
    has_labels: bool = True
    least_cosine: float | None = None
    threads: int = 1


def run(asked: Asked, console: Console) -> str:
    """Writes the network; returns what is to be printed of it.

    Raises:
        PasserbyError: if it cannot be had, or the gate refuses it; one line.
    """
    card = check_request(asked.file, asked.out)
    gate = LIMITS[asked.precision].cosine
    if asked.least_cosine is not None and not gate <= asked.least_cosine <= 1:
        raise PrecisionError(f"--cosine: expected {gate:g}, the gate's, to 1, found {asked.least_cosine:g}")
    source = open_session(asked.file, card, provider="cpu", threads=asked.threads)
    trial = open_trial(
        source,
        data=asked.data,
        calibrate=asked.calibrate,
        samples=asked.samples,
        console=console,
        has_labels=asked.has_labels,
    )
    request = Request(asked.file, asked.out, asked.precision, _words(asked, card), asked.least_cosine, asked.threads)
    written, figures = lower(request, trial, console)
    assert written.lowered is not None
    kept = written.lowered.kept
    named = f": {', '.join(kept)}" if asked.precision == "int8" and kept else ""
    before, after = asked.file.stat().st_size, asked.out.stat().st_size
    return (
        f"{asked.out}: {written.model_id}, {after / before:.0%} of the size of {asked.file.name}\n{figures.line()}\n"
        f"{len(kept)} nodes in higher precision{named}"
    )


def _words(asked: Asked, card: ModelCard) -> str:
    if source := asked.calibrate or asked.data:
        # A card goes with its file to other machines: the folder's name is enough.
        name, equals, folder = source.partition("=")
        return f"{name} {Path(folder).name}" if equals else Path(source).name
    return f"simulated {'images' if is_detector(card) else 'people'}"
