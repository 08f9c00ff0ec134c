"""Rendering in as many processes as there are cores, with a bar for each thing that is made."""

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from queue import Queue
from threading import Event
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from passerby_events.errors import PasserbyError
from pipeline.commands.stopping import StopSignal
from pipeline.scheduling.threads import keep_to_one_thread

Job = TypeVar("Job")
Made = TypeVar("Made")
Tell = Callable[[str], None]
"""Says that one more of what a bar counts is there, by the name of the bar."""
LOOK_S = 0.2
"""Between two looks at the progress."""


class RenderingStoppedError(PasserbyError):
    """A signal came; what was made is not whole."""


def render_all(
    work: Callable[[Job, Tell], Made],
    jobs: Sequence[Job],
    totals: Mapping[str, int],
    console: Console,
    stop: StopSignal,
    *,
    meanwhile: Callable[[], None] = lambda: None,
) -> list[Made]:
    """Does the jobs, some at once; returns what came of them, in their order.

    Args:
        work: a function of a module, which other processes can find.
        jobs: the longest first, so that none is left for the end, when the other cores have nothing to do.
        totals: name and length of each bar.
        console: where the bars are drawn, if it is a terminal.
        stop: ends it, soon after the next image of each process.
        meanwhile: done in this process.

    Raises:
        RenderingStoppedError: if `stop` was set.
    """
    processes = get_context("spawn")
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks = {name: bars.add_task(name, total=total) for name, total in totals.items()}
    at_once = min(len(jobs), os.cpu_count() or 1)
    with bars, processes.Manager() as manager, ProcessPoolExecutor(at_once, processes, _leave_signals) as pool:
        reported: Queue[str] = manager.Queue()
        is_over = manager.Event()
        made = [pool.submit(_work, work, job, reported, is_over) for job in jobs]
        try:
            meanwhile()
            is_done = False
            while not is_done:
                is_done = _are_done(made)
                for _ in range(reported.qsize()):
                    bars.advance(tasks[reported.get()])
                if stop.is_set():
                    raise RenderingStoppedError("stopped: what was rendered is not whole; start again")
        except BaseException:
            is_over.set()
            pool.shutdown(cancel_futures=True)
            raise
        return [each.result() for each in made]


def _leave_signals() -> None:
    """A signal reaches all processes of a terminal; the one that asked for the work says when it is over."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(work: Callable[[Job, Tell], Made], job: Job, reported: "Queue[str]", is_over: Event) -> Made:
    """In a process of its own, one of as many as there are cores."""

    def tell(name: str) -> None:
        if is_over.is_set():
            raise RenderingStoppedError
        reported.put(name)

    keep_to_one_thread()
    return work(job, tell)


def _are_done(made: Sequence[Future[Made]]) -> bool:
    """Whether all have ended; raises what one of them raised."""
    done, waiting = wait(made, timeout=LOOK_S, return_when=FIRST_EXCEPTION)
    for each in done:
        each.result()
    return not waiting
