"""Steps that share out a time that ends whatever happens, and that are not done again once they are whole."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

LEAST_S = 5.0
"""With less than this nothing is begun."""
PATIENCE_S = 3.0
"""Between asking a program to stop and stopping it."""
POLL_S = 0.05

Words = list[str]


class StepError(Exception):
    """A step that came to nothing; says why in one line."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a step came to.

    Attributes:
        values: numbers by name.
        is_whole: whether it is finished; else the next call goes on with it.
        words: what a reader should know of it.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    is_whole: bool = True
    words: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """
    Attributes:
        name: of its marker.
        share: of the time, beside the shares of the steps after it: what one leaves over the next ones get.
        run: does it within so many seconds; StepError where it cannot.
        product: what it makes for others; where it is gone, the step is done again. None: nothing.
    """

    name: str
    share: float
    run: Callable[[float], Found]
    product: Path | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step.

    Attributes:
        name: of it.
        state: done, done before, in part, failed, or not begun.
        seconds: that it took.
        words: why.
        values: see `Found`.
    """

    name: str
    state: str
    seconds: float = 0.0
    words: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def allowance_s(left_s: float, shares: Sequence[float]) -> float:
    """Seconds for the first of the steps with these shares, all of which are still to come."""
    return max(0.0, left_s) * shares[0] / sum(shares)


def run_steps(
    steps: Sequence[Step],
    markers: Path,
    *,
    budget_s: float,
    observer: Callable[[Sequence[Done]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> list[Done]:
    """Does what is not done yet, in order.

    Args:
        steps: see there.
        markers: folder with a file for each step that is whole.
        budget_s: for all of them.
        observer: told after each step what became of those so far.
        clock: seconds.
    """
    markers.mkdir(parents=True, exist_ok=True)
    end_s = clock() + budget_s
    done: list[Done] = []
    todo = [step for step in steps if not _is_whole(markers, step)]
    for step in steps:
        if step not in todo:
            found = json.loads(_marker(markers, step).read_text(encoding="utf-8"))
            done.append(Done(**{**found, "state": "done before"}))
        else:
            shares = [one.share for one in todo[todo.index(step) :]]
            done.append(_run(step, allowance_s(end_s - clock(), shares), clock))
            if done[-1].state == "done":
                _write(_marker(markers, step), asdict(done[-1]))
        observer(done)
    return done


def _is_whole(markers: Path, step: Step) -> bool:
    return _marker(markers, step).is_file() and (step.product is None or step.product.exists())


def _marker(markers: Path, step: Step) -> Path:
    return markers / f"{step.name.replace(' ', '-')}.json"


def _run(step: Step, seconds: float, clock: Callable[[], float]) -> Done:
    if seconds < LEAST_S:
        return Done(step.name, "not begun", words=f"{seconds:.0f} s were left for it")
    start_s = clock()
    try:
        found = step.run(seconds)
    except StepError as error:
        return Done(step.name, "failed", clock() - start_s, str(error))
    state = "done" if found.is_whole else "in part"
    return Done(step.name, state, clock() - start_s, found.words, dict(found.values))


def _write(path: Path, values: object) -> None:
    """Whole or not at all: a marker that was cut would be believed."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


@dataclass(frozen=True, slots=True)
class Program:
    """
    Attributes:
        command: what is run.
        log: file that what it says is added to.
    """

    command: Words
    log: Path

    @property
    def last_line(self) -> str:
        """Of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n") if self.log.is_file() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def run_programs(programs: Sequence[Program], seconds: float, *, at_once: int = 1) -> list[int | None]:
    """Runs them and waits at most so long; exit codes, None of those that were stopped or not begun.

    Each has a process group of its own, so that nothing that it began outlives it, however this ends.
    """
    codes: list[int | None] = [None] * len(programs)
    running: dict[int, subprocess.Popen[bytes]] = {}
    waiting = list(enumerate(programs))
    end_s = time.monotonic() + seconds
    try:
        while (waiting or running) and time.monotonic() < end_s:
            while waiting and len(running) < at_once:
                number, program = waiting.pop(0)
                running[number] = _start(program)
            for number, process in list(running.items()):
                if process.poll() is not None:
                    codes[number] = running.pop(number).returncode
            time.sleep(POLL_S)
    finally:
        _stop(list(running.values()))
    return codes


def run_program(program: Program, seconds: float) -> bool:
    """Whether it came to its end in time.

    Raises:
        StepError: if it failed.
    """
    (code,) = run_programs([program], seconds)
    if code not in (0, None):
        raise StepError(program.last_line)
    return code == 0


def _start(program: Program) -> subprocess.Popen[bytes]:
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with program.log.open("ab") as log:
        return subprocess.Popen(program.command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for asked in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, asked)
        end_s = time.monotonic() + PATIENCE_S
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end_s - time.monotonic()))


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Lets SIGTERM end the program as an exception does, so that what it began is stopped and what it found is kept."""

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
