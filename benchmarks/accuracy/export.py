"""Networks as ONNX files in single and half precision and in 8 bits: through the gate, and how fast beside torch.

    python -m benchmarks.accuracy.export                           every network of the catalogue, both detectors: hours
    python -m benchmarks.accuracy.export gltr-resnet50             these
    python -m benchmarks.accuracy.export --paper-size              on each network's own trunk and clips
    python -m benchmarks.accuracy.export --write                   the rows into docs/exporter.md, each when it is done

Networks of the catalogue have random weights, on EfficientNet-lite0 and crops of 128 x 64 where --paper-size is not
named: what is measured is parity, on simulated people, not whom they find. `passerby-encoder` and `passerby-detector`
are the shipped ones. Speed is clips or images a second, one at a time on one thread, by processor time, best of the
rounds, torch and the three files taking turns.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from export.commands.bench import noise_for
from export.graph.artefact import Words, export_onnx
from export.graph.errors import ExportError
from export.graph.sources import Sizes, random_subject
from export.precision.graphs import PrecisionError
from export.precision.lower import Request, lower
from export.verification.figures import BoxFigures, Figures, PeopleFigures
from export.verification.sessions import TorchSession, open_artefact
from export.verification.trials import Samples, Trial, open_trial
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.catalogue import CATALOGUE
from reid_runtime.session import Session
from testing.paths import ROOT

DOCUMENT = ROOT / "docs" / "exporter.md"
BEGIN = "<!-- python -m benchmarks.accuracy.export --write -->"
END = "<!-- end of the table -->"
HEAD = (
    "| network | precision | MB | least cosine, or boxes found again | mAP lost, points | left in float32 | a second | "
    "beside torch |\n|---|---|--:|--:|--:|--:|--:|--:|"
)
MODELS = ROOT / "configs" / "models"
SHIPPED = "passerby-encoder", "passerby-detector"
PRECISIONS = "fp32", "fp16", "int8"
TRUNK = TrunkSpec("efficientnet_lite0")
SMALL = Sizes(height=128, width=64)
PERSONS = 16
"""To calibrate on, and as many to compare on."""
ROUNDS = 5
MB = 1e6
QUIET = Console(quiet=True)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A network in single precision, and the same in torch where it was made here."""

    file: Path
    eager: Session | None


def main() -> int:
    known = [*SHIPPED, *CATALOGUE]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy.export")
    parser.add_argument("names", nargs="*", metavar="NAME", help="shipped or of the catalogue; none: all of them")
    parser.add_argument("--paper-size", action="store_true", help="own trunks and clips, not the small ones")
    parser.add_argument("--persons", type=int, default=PERSONS, help="to calibrate on, and as many to compare on")
    parser.add_argument("--write", action="store_true", help="put the rows into the table of docs/exporter.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"expected names of {', '.join(known)}; found {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    print(HEAD)
    for name in arguments.names or known:
        found = rows(name, is_small=not arguments.paper_size, persons=arguments.persons)
        print("\n".join(found), flush=True)
        if arguments.write:
            write(DOCUMENT, name, found, known)
    return 0


def rows(name: str, *, is_small: bool, persons: int) -> list[str]:
    """A row for each precision; what is refused says why."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            source = shipped(name) if name in SHIPPED else exported(name, folder, is_small=is_small)
        except ExportError as error:
            return [f"| {name} | fp32 | | {error} | | | | |"]
        single = open_artefact(source.file, provider=None, threads=1)
        reference = source.eager or single
        trial = open_trial(
            reference,
            data=None,
            calibrate=None,
            samples=Samples(persons, persons),
            console=QUIET,
            has_labels=name in SHIPPED,
        )
        made = {"fp32": single} | lowered(source.file, trial, folder)
        speeds = rates({**made, **({"torch": source.eager} if source.eager else {})})
        return [cells(name, precision, made, trial, speeds, folder, source) for precision in PRECISIONS]


def shipped(name: str) -> Source:
    return Source(MODELS / f"{name}.onnx", None)


def exported(name: str, folder: Path, *, is_small: bool) -> Source:
    is_small = is_small and CATALOGUE[name].small_depths is not None
    sizes, trunk = (SMALL, TRUNK) if is_small else (Sizes(), None)
    subject = random_subject(name, seed=0, sizes=sizes, trunk=trunk)
    exported = export_onnx(subject, folder / f"{name}.onnx", Words("none needed: random numbers", "not trained"))
    return Source(folder / f"{name}.onnx", TorchSession(subject.network, exported.card))


def lowered(file: Path, trial: Trial, folder: Path) -> dict[str, Session | str]:
    """The network in the other precisions, or why not."""
    found: dict[str, Session | str] = {}
    for precision in ("fp16", "int8"):
        out = folder / f"{precision}.onnx"
        try:
            lower(Request(file, out, precision, "simulated people"), trial, QUIET)
            found[precision] = open_artefact(out, provider=None, threads=1)
        except PrecisionError as error:
            found[precision] = str(error).partition(": ")[2] or str(error)
    return found


def rates(sessions: Mapping[str, Session | str]) -> dict[str, float]:
    """Clips or images a second."""
    calls = {name: call_of(session) for name, session in sessions.items() if not isinstance(session, str)}
    best = dict.fromkeys(calls, float("inf"))
    for number in range(ROUNDS + 1):
        for name, call in calls.items():
            start_s = time.process_time()
            call()
            if number:
                best[name] = min(best[name], time.process_time() - start_s)
    return {name: 1 / taken_s for name, taken_s in best.items()}


def call_of(session: Session) -> Callable[[], object]:
    inputs = noise_for(session.card)
    return lambda: session.run(inputs)


def cells(
    name: str,
    precision: str,
    made: Mapping[str, Session | str],
    trial: Trial,
    speeds: Mapping[str, float],
    folder: Path,
    source: Source,
) -> str:
    session = made[precision]
    if isinstance(session, str):
        return f"| {name} | {precision} | | {session} | | | | |"
    file = source.file if precision == "fp32" else folder / f"{precision}.onnx"
    near, lost = agreement(trial.judge(session))
    kept = "" if session.card.lowered is None else str(len(session.card.lowered.kept))
    beside = f"{speeds[precision] / speeds['torch']:.2f}" if "torch" in speeds else ""
    size = f"{file.stat().st_size / MB:.1f}"
    return f"| {name} | {precision} | {size} | {near} | {lost} | {kept} | {speeds[precision]:.1f} | {beside} |"


def agreement(figures: Figures) -> tuple[str, str]:
    match figures:
        case PeopleFigures():
            lost = "" if figures.lost_points is None else f"{figures.lost_points:.2f}"
            return f"{figures.least_cosine:.5f}", lost
        case BoxFigures():
            return f"{figures.found_again:.1%}, IoU {figures.overlap:.3f}", ""


def write(document: Path, name: str, found: list[str], known: list[str]) -> None:
    """Puts rows into the table, in the place of those of that network."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    table, _, after = rest.partition(END)
    lines = [line for line in table.splitlines() if line.startswith("|")][2:]
    by_name = {other: [line for line in lines if line.split("|")[1].strip() == other] for other in known}
    by_name[name] = found
    shown = [line for other in known for line in by_name[other]]
    document.write_text("\n".join([f"{before}{BEGIN}", HEAD, *shown, f"{END}{after}"]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
