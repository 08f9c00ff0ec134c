"""What is done for a report, step by step: each a command of ours in a process of its own, so that nothing that one of
them does, not even a crash in a driver, keeps the others from being done."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

EXPORT = sys.executable, "-m", "export.cli"
PRECISIONS = "fp16", "int8"
LAST_S = 5.0
"""No step begins with less time than this."""
NOT_RUN = "not run: the time was up"


@dataclass(frozen=True, slots=True)
class Step:
    """
    Attributes:
        name: for people.
        command: of the process.
        most_s: that it may take.
    """

    name: str
    command: tuple[str, ...]
    most_s: float


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a step.

    Attributes:
        name: of the step.
        command: as one would type it.
        is_good: whether it ended well.
        seconds: that it took.
        output: what it printed.
        fault: in one line; nothing where it is good.
    """

    name: str
    command: str
    is_good: bool
    seconds: float
    output: str
    fault: str = ""


def steps_of(
    networks: Sequence[Path],
    scratch: Path,
    report: Path,
    *,
    runtimes: Sequence[str],
    beside: Mapping[Path, str] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """All steps, those first whose figures nothing else gives.

    Args:
        networks: ONNX files in single precision with their cards; `NAME-fp16.onnx` and `NAME-int8.onnx` are made where
            they do not lie beside.
        scratch: folder for what is made on the way.
        report: folder of the report, for plots.
        runtimes: for which engines are built, of `tensorrt` and `tensorrt-rtx`.
        beside: which network of the catalogue a file holds, where that is known: it is measured in torch, too.
    """
    found: list[Step] = []
    checks: list[Step] = []
    for network in networks:
        files = {each: _lowered(network, each, scratch) for each in ("fp32", *PRECISIONS)}
        found += [_lower(network, each, file) for each, file in files.items() if not file.is_file()]
        engines = [
            _Engine(file, scratch / f"{file.stem}-{runtime}.engine", runtime)
            for file in files.values()
            for runtime in runtimes
        ]
        found += [engine.build() for engine in engines]
        found.append(_bench(f"bench-{network.stem}", [*files.values()], report, beside=beside.get(network, "")))
        if engines:
            every = [*files.values(), *(engine.file for engine in engines)]
            found.append(_bench(f"bench-{network.stem}-engines", every, report))
        artefacts = [(file, "cuda") for file in files.values()] + [(each.file, each.runtime) for each in engines]
        checks += [_verify(network, file, provider) for file, provider in artefacts]
    return (*found, *_overhead(), *checks)


def run_step(step: Step, *, left_s: float) -> Done:
    """Runs a step in the time that it may take, or that is left if that is less."""
    shown = " ".join(
        ("reid-export", *step.command[3:]) if step.command[:3] == EXPORT else ("python", *step.command[1:])
    )
    limit_s = min(step.most_s, left_s)
    if limit_s < LAST_S:
        return Done(step.name, shown, False, 0, "", NOT_RUN)
    began_s = time.monotonic()
    try:
        done = subprocess.run(
            step.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return Done(step.name, shown, False, limit_s, output, f"stopped after {limit_s:.0f} s")
    took_s = time.monotonic() - began_s
    if done.returncode == 0:
        return Done(step.name, shown, True, took_s, done.stdout)
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    reason = lines[-1] if lines else "it printed nothing"
    return Done(step.name, shown, False, took_s, done.stdout, f"exit code {done.returncode}: {reason}")


@dataclass(frozen=True, slots=True)
class _Engine:
    """One to be built: of which network, where, and for which library."""

    network: Path
    file: Path
    runtime: str

    def build(self) -> Step:
        command = (*EXPORT, "engine", str(self.network), str(self.file), "--for", self.runtime)
        return Step(f"{self.file.stem}: build", command, 180)


def _lowered(network: Path, precision: str, scratch: Path) -> Path:
    if precision == "fp32":
        return network
    name = f"{network.stem}-{precision}.onnx"
    beside = network.with_name(name)
    return beside if beside.is_file() else scratch / name


def _lower(network: Path, precision: str, file: Path) -> Step:
    command = (*EXPORT, "precision", str(network), "--out", str(file), "--to", precision)
    return Step(f"{file.stem}: make", command, 150)


def _bench(name: str, files: Sequence[Path], report: Path, *, beside: str = "") -> Step:
    """Engines run by their own libraries; they have a step of their own, so that one that fails spoils it alone.

    Args:
        name: of the step.
        files: artefacts of one network.
        report: folder of the report.
        beside: name of that network, for torch beside them; empty: nobody knows.
    """
    torch = ("--network", beside) if beside else ()
    command = (*EXPORT, "bench", *map(str, files), "--out", str(report / name), "--provider", "cuda", *torch)
    return Step(name, command, 120)


def _verify(network: Path, file: Path, provider: str) -> Step:
    command = (*EXPORT, "verify", str(file), "--against", str(network), "--provider", provider)
    return Step(f"{file.stem} on {provider}: verify", command, 60)


def _overhead() -> list[Step]:
    """Only with the repository: benchmarks are no part of what is installed."""
    if find_spec("benchmarks") is None:
        return []
    module = (sys.executable, "-m", "benchmarks.speed.pipeline", "overhead", "--provider", "cuda")
    return [Step("the pipeline beside its networks", (*module, "--cameras", "1", "4", "--rounds", "3"), 180)]
