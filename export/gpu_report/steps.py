"""What is done for a report, step by step: each a command of ours in a process of its own, so that nothing that one of
them does, not even a crash in a driver, keeps the others from being done."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

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


def steps_of(networks: Sequence[Path], folder: Path, *, runtimes: Sequence[str]) -> tuple[Step, ...]:
    """All steps, those first whose figures nothing else gives.

    Args:
        networks: ONNX files in single precision with their cards.
        folder: for what is made on the way.
        runtimes: for which engines are built, of `tensorrt` and `tensorrt-rtx`.
    """
    found: list[Step] = []
    for network in networks:
        found += _network(network, folder, runtimes)
    return (*found, *_overhead())


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


def _network(network: Path, folder: Path, runtimes: Sequence[str]) -> list[Step]:
    files = {"fp32": network} | {each: folder / f"{network.stem}-{each}.onnx" for each in PRECISIONS}
    found = [
        Step(
            f"{network.stem}: {each}",
            (*EXPORT, "precision", str(network), "--out", str(files[each]), "--to", each),
            120,
        )
        for each in PRECISIONS
    ]
    engines = [
        (folder / f"{file.stem}-{runtime}.engine", file, runtime) for file in files.values() for runtime in runtimes
    ]
    found += [
        Step(f"{engine.stem}: build", (*EXPORT, "engine", str(file), str(engine), "--for", runtime), 180)
        for engine, file, runtime in engines
    ]
    artefacts = [(file, "cuda") for file in files.values()] + [(engine, runtime) for engine, _, runtime in engines]
    found += [
        Step(
            f"{file.stem} on {provider}: verify",
            (*EXPORT, "verify", str(network), str(file), "--provider", provider),
            60,
        )
        for file, provider in artefacts
    ]
    return found


def _overhead() -> list[Step]:
    """Only with the repository: benchmarks are no part of what is installed."""
    if find_spec("benchmarks") is None:
        return []
    module = (sys.executable, "-m", "benchmarks.speed.pipeline", "overhead", "--provider", "cuda")
    return [Step("the pipeline beside its networks", (*module, "--cameras", "1", "4", "--rounds", "3"), 180)]
