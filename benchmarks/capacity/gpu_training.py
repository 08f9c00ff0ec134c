"""What a GPU makes of the training here, within ten minutes: people rendered, recipes run on them, speeds measured.

    benchmarks/capacity/gpu_training.sh                          on a machine with a GPU; see there
    python -m benchmarks.capacity.gpu_training --device cpu --toy --budget-s 600    the same at toy size, without one

In order: people are rendered on all cores; networks are measured (the five of the main papers first, then the rest of
the catalogue), the recipes of the five and of the encoder are run from random weights (the encoder's from ImageNet) and
evaluated on people whom they have not seen; then the five are measured through torch.compile. Every part has its share
of the time that is left, and is stopped at its end; what is not done is said. Called again, it goes on where it was
stopped.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch

from benchmarks.capacity import gpu_speed
from benchmarks.capacity.gpu_people import EVERYBODY
from benchmarks.capacity.gpu_runs import RUNS, Run, Setup, evaluate, fit, learnt
from benchmarks.capacity.gpu_steps import (
    Done,
    Found,
    Program,
    Step,
    StepError,
    run_program,
    run_programs,
    run_steps,
    stopped_by_signals,
)
from benchmarks.capacity.gpu_table import Report, Speed, as_json, markdown
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.training.data import LABELS

MAIN = tuple(run.network for run in RUNS)


def main() -> int:
    setup = read_arguments()
    setup.out.mkdir(parents=True, exist_ok=True)
    machine = machine_in_words(setup)
    todo = steps(setup)
    last: list[Done] = []

    def found() -> Report:
        cut = [Done(step.name, "not done", words="the run was cut off before") for step in todo[len(last) :]]
        return report([*last, *cut], machine, setup)

    def observe(done: Sequence[Done]) -> None:
        last[:] = done
        write(found(), setup.out)
        print(f"{done[-1].name}: {done[-1].state}, {done[-1].seconds:.0f} s", file=sys.stderr, flush=True)

    with stopped_by_signals():
        try:
            run_steps(todo, setup.work / "done", budget_s=setup.budget_s, observer=observe)
        finally:
            # Also what a part that was cut had done.
            write(found(), setup.out)
            print(markdown(found()), flush=True)
    return 0


def read_arguments() -> Setup:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity.gpu_training")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--toy", action="store_true", help="a few people, tiny networks, two steps of each recipe")
    parser.add_argument("--budget-s", type=float, default=540.0, help="for everything")
    parser.add_argument("--work", type=Path, default=Path("build/gpu_training"), help="a later call goes on in it")
    parser.add_argument("--out", type=Path, default=None, help="folder of table and JSON; $OUT, or that of --work")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("expected a GPU that torch can use, found none: take one, or --device cpu --toy")
    # A toy's markers say nothing of the real thing.
    work = arguments.work / f"{arguments.device}{'-toy' if arguments.toy else ''}"
    out = arguments.out or Path(os.environ.get("OUT") or work)
    return Setup(arguments.device, arguments.toy, work, out, arguments.budget_s)


def steps(setup: Setup) -> list[Step]:
    """All parts in order, with their shares."""
    rest = [] if setup.is_toy else [name for name in CATALOGUE if name not in MAIN]
    compiled = MAIN[:1] if setup.is_toy else MAIN
    speed = partial(measure, setup, names=MAIN, ways=("fp32", "bf16"))
    found = [
        Step("render people", 120, partial(render, setup), product=setup.people / EVERYBODY / LABELS),
        Step("measure the main networks", 50, speed),
    ]
    for run in RUNS:
        found.append(
            Step(f"fit {run.recipe}", run.share, partial(fit, run, setup, partial(_training_speed, run, setup)))
        )
        found.append(Step(f"evaluate {run.recipe}", 20, partial(evaluate, run, setup)))
    if rest:
        found.append(Step("measure the catalogue", 60, partial(measure, setup, names=rest, ways=("bf16", "fp32"))))
    found.append(Step("measure compiled networks", 90, partial(measure, setup, names=compiled, ways=("compiled",))))
    return found


def render(setup: Setup, seconds: float) -> Found:
    """Pieces of different people before the same cameras, as many at once as there are cores; then both sets."""
    folder = setup.people
    cores = len(os.sched_getaffinity(0))
    # A core compiles for 25 s and then draws 17 crops a second: twice eight persons are done in 73 of its 83 s.
    count, persons = (2, 6) if setup.is_toy else (2 * cores, 8)
    size = ("--cameras", "4", "--seen-by", "3", "--crops", "4")
    if not setup.is_toy:
        size = ("--cameras", "60", "--seen-by", "6", "--crops", "8")
    pieces = [folder / f"piece{number}" for number in range(count)]
    programs = [
        setup.train(
            ["render", str(piece), "--persons", str(persons), "--first", str(1 + number * persons), *size],
            f"render{number}",
        )
        for number, piece in enumerate(pieces)
        if not _is_whole(piece)
    ]
    # The last sixth is for putting them together.
    codes = run_programs(programs, seconds * 5 / 6, at_once=cores)
    whole = [piece for piece in pieces if _is_whole(piece)]
    if not whole:
        failed = next((program.last_line for program, code in zip(programs, codes, strict=True) if code), "too slow")
        raise StepError(f"none of {count} pieces was rendered: {failed}")
    together = [sys.executable, "-m", "benchmarks.capacity.gpu_people", str(folder), *map(str, whole)]
    is_done = run_program(Program(together, setup.work / "logs" / "people.log"), seconds / 6)
    words = f"{len(whole)} of {count} pieces of {persons} persons were rendered"
    return Found({"persons": len(whole) * persons}, is_whole=is_done, words=words)


def _is_whole(piece: Path) -> bool:
    """Labels are written last."""
    return (piece / LABELS).is_file()


def measure(setup: Setup, seconds: float, *, names: Sequence[str], ways: tuple[str, ...]) -> Found:
    """What comes of it stands in a file, also if it is stopped."""
    command = [sys.executable, "-m", "benchmarks.capacity.gpu_speed", str(setup.work / "speeds.jsonl"), *names]
    command += ["--device", setup.device, "--ways", *ways, *(["--toy"] if setup.is_toy else [])]
    is_done = run_program(Program(command, setup.work / "logs" / "speed.log"), seconds)
    return Found(is_whole=is_done, words="" if is_done else f"stopped after {seconds:.0f} s")


def _training_speed(run: Run, setup: Setup) -> float | None:
    """Clips a second in bf16; known only after it was measured."""
    speed = speeds(setup.work).get(run.network)
    return speed.clips_per_s.get(("training", "bf16")) if speed else None


def speeds(work: Path) -> dict[str, Speed]:
    """By name of the network."""
    found: dict[str, Speed] = {}
    for one in gpu_speed.read(work / "speeds.jsonl"):
        speed = found.setdefault(one.name, Speed(one.clip, one.batch))
        key = (one.direction, one.way)
        if one.clips_per_s is None:
            speed.failed[key] = one.words
        else:
            speed.clips_per_s[key] = one.clips_per_s
            # It may have failed in an earlier call.
            speed.failed.pop(key, None)
    return found


def report(done: Sequence[Done], machine: dict[str, str], setup: Setup) -> Report:
    """Of what there is so far."""
    measured = speeds(setup.work)
    names = [*MAIN, *(name for name in CATALOGUE if name in measured and name not in MAIN)]
    return Report(machine, names, measured, {run.network: learnt(run, setup) for run in RUNS}, done)


def write(found: Report, out: Path) -> None:
    (out / "gpu_training.md").write_text(markdown(found), encoding="utf-8")
    (out / "gpu_training.json").write_text(json.dumps(as_json(found), indent=1) + "\n", encoding="utf-8")


def machine_in_words(setup: Setup) -> dict[str, str]:
    """When, where, with what."""
    is_gpu = setup.device == "cuda"
    size = "toy size: the numbers mean nothing" if setup.is_toy else "the papers' sizes"
    return {
        "device": torch.cuda.get_device_name() if is_gpu else "a processor",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "size": size,
        "torch": str(torch.__version__),
        "cores": str(len(os.sched_getaffinity(0))),
        "fp32": "convolutions in TF32, products of matrices not"
        if is_gpu and torch.backends.cudnn.allow_tf32
        else "fp32",
    }


if __name__ == "__main__":
    sys.exit(main())
