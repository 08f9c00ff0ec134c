"""`reid-pipeline run`: the whole pipeline with one command."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.build import source_length
from pipeline.commands.flags import Flags, merge_flags
from pipeline.commands.outputs import clear_outputs, write_outputs
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.sources.errors import SourceError
from pipeline.telemetry.http_server import HealthServer

REDRAW_EVERY_S = 0.5
"""Between two looks at the progress bars: drawing is not free."""


def run_pipeline(path: Path | None, flags: Flags, stop: StopSignal) -> int:
    """Runs until the files end, or until a signal to stop; returns the exit code."""
    console = Console(stderr=True, highlight=False)
    config, hints = merge_flags(path, flags)
    lengths = {camera.name: source_length(camera) for camera in config.cameras}
    for hint in hints:
        console.print(hint)
    started_s = time.monotonic()
    bars = _Bars(lengths, console)
    failed = _run(config, bars, stop)
    write_outputs(config, bars.frames, time.monotonic() - started_s, console, stop)
    return _say_failures(failed, console)


def _run(config: PipelineConfig, bars: "_Bars", stop: StopSignal) -> dict[str, SourceError]:
    """Runs it from building to closing; the recordings that failed, and why."""
    keep_to_one_thread()
    with ExitStack() as stack:
        deployment = stack.enter_context(Deployment(config))
        http = config.http
        if http.port is not None:
            stack.enter_context(HealthServer(deployment.health, deployment.registry, http.host, http.port))
        clear_outputs(config.output.directory)
        supervisor = deployment.connect(stack.enter_context(JsonLinesSink(config.output.directory / "events.jsonl")))
        stop.calls(supervisor.stop)
        with bars.of(deployment.frames):
            return supervisor.run()


class _Bars:
    """A progress bar for each camera, on a terminal only.

    Attributes:
        frames: of each camera, once it has run.
    """

    def __init__(self, lengths: Mapping[str, int | None], console: Console) -> None:
        self.frames: Counter[str] = Counter(dict.fromkeys(lengths, 0))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {camera: self._progress.add_task(camera, total=total) for camera, total in lengths.items()}
        self._is_over = threading.Event()

    @contextmanager
    def of(self, frames: Callable[[str], int]) -> Iterator[None]:
        """Shows meanwhile how many frames of each camera went through."""
        thread = threading.Thread(target=self._show, args=(frames,), name="bars", daemon=True)
        with self._progress:
            thread.start()
            try:
                yield
            finally:
                self._is_over.set()
                thread.join()

    def _show(self, frames: Callable[[str], int]) -> None:
        while not self._is_over.wait(REDRAW_EVERY_S):
            if not self._progress.disable:
                self._update(frames)
        self._update(frames)

    def _update(self, frames: Callable[[str], int]) -> None:
        for camera, task in self._tasks.items():
            self.frames[camera] = frames(camera)
            self._progress.update(task, completed=self.frames[camera])


def _say_failures(failed: Mapping[str, SourceError], console: Console) -> int:
    for error in failed.values():
        console.print(f"reid-pipeline: {error}", markup=False, soft_wrap=True)
    return 1 if failed else 0
