"""`reid-pipeline run`: the whole pipeline with one command."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from pipeline.commands.flags import Flags, merge_flags
from pipeline.commands.outputs import write_outputs
from pipeline.commands.serve import require_view, tell_address
from pipeline.commands.sinks import further_openers
from pipeline.commands.starting import log_start
from pipeline.commands.stopping import StopSignal
from pipeline.config import PipelineConfig
from pipeline.deployment.deployment import Deployment
from pipeline.events.fanout import FanoutSink
from pipeline.events.jsonlines import JsonLinesSink
from pipeline.events.sink import EventSink
from pipeline.events.sparing import EventLeftOut, SparingSink
from pipeline.events.stream import StreamSink
from pipeline.output.files import files_kept_private
from pipeline.output.run_folder import folder_of_a_run
from pipeline.scheduling.threads import keep_to_one_thread
from pipeline.telemetry.http_server import HealthServer
from pipeline.telemetry.minutes import MinuteLog
from pipeline.telemetry.summary import StatusReader
from pipeline.telemetry.track_counts import TrackCounts, count_tracks
from pipeline.view.alike import VectorShelf
from pipeline.view.book import Book
from pipeline.view.live_videos import LiveVideoParams, LiveVideos
from pipeline.view.run_site import BookSink, MemoryDesk, RunSite
from pipeline.view.viewed import card_of

logger = logging.getLogger(__name__)

MOST_COMPARED = 20_000
"""Tracks, the newest, among which the view and the report look for who is alike: 40 MB of 512 dimensions."""
REDRAW_EVERY_S = 0.5
"""Between two looks at the progress bars: drawing is not free."""


def run_pipeline(path: Path | None, flags: Flags, stop: StopSignal) -> int:
    """Runs until the files end, or until a signal to stop; returns the exit code."""
    console = Console(stderr=True, highlight=False)
    config, hints = merge_flags(path, flags)
    for hint in hints:
        console.print(hint, soft_wrap=True)
    started_s = time.monotonic()
    with files_kept_private(unless=config.output.shared), ExitStack() as kept:
        shelf = VectorShelf(MOST_COMPARED)
        counts, has_failed = _run(config, flags, console, stop, kept, shelf)
        took_s = time.monotonic() - started_s
        write_outputs(config, counts, took_s, console, stop, to_stderr=flags.prints_events, shelf=shelf)
    return int(has_failed)


def _run(
    config: PipelineConfig,
    flags: Flags,
    console: Console,
    stop: StopSignal,
    kept: ExitStack,
    shelf: VectorShelf,
) -> tuple[Mapping[str, TrackCounts], bool]:
    """Runs it from building to closing; what was counted of each camera, and whether one failed, as a log line says.

    `kept` has the folder, which stays this run's until all is drawn.
    """
    keep_to_one_thread()
    path, left_out = config.output.directory / "events.jsonl", _LeftOut()
    if flags.view:
        require_view()
    with ExitStack() as stack:
        records = config.is_live and (config.output.videos or config.output.mosaic)
        desk = MemoryDesk() if records or (flags.view and config.view.images) else None
        deployment = stack.enter_context(Deployment(config, desk=desk))
        http = config.http
        if http.port is not None:
            stack.enter_context(HealthServer(deployment.health, deployment.registry, http.host, http.port))
        further = _open_further_sinks(config, flags, stack, [left_out, deployment.count_left_out])
        kept.enter_context(folder_of_a_run(config.output.directory))
        file = stack.enter_context(JsonLinesSink(path))
        books, videos = [], None
        if records and desk is not None:
            books.append(Book(keep_s=config.matching.retention.keep_s))
            videos = stack.enter_context(_recorder(config, desk, books[0]))
        view = _open_view(config, deployment, desk, shelf, videos, stack) if flags.view else None
        books += [view.book] if view else []
        booked = [BookSink(book) for book in books]
        for sink in booked:
            stack.callback(sink.close)
        sinks = [file, *further, *booked]
        supervisor = deployment.connect(
            FanoutSink(sinks),
            observers=[shelf.observe] if flags.view or config.output.report else [],
            verdicts=view.verdicts if view else None,
            erasures=view.erasures if view else None,
        )
        stop.calls(supervisor.stop)
        bars = _Bars(deployment.lengths, console)
        log_start("run", config)
        with bars.of(deployment.frames), MinuteLog(deployment.registry, deployment.lengths):
            failed = supervisor.run()
        if view:
            view.forget_images()
        counts = count_tracks(deployment.registry, deployment.lengths)
    return counts, left_out.tell(path) or bool(failed)


def _recorder(config: PipelineConfig, desk: MemoryDesk, book: Book) -> LiveVideos:
    """Records live streams; `book` has to be booked who is who."""
    output = config.output
    params = LiveVideoParams(config.view.frame_fps, each=output.videos, mosaic=output.mosaic)
    cameras = [camera.name for camera in config.cameras]
    return LiveVideos(desk, book, cameras, output.directory / "videos", params)


def _open_view(
    config: PipelineConfig,
    deployment: Deployment,
    desk: MemoryDesk | None,
    shelf: VectorShelf,
    videos: LiveVideos | None,
    stack: ExitStack,
) -> RunSite:
    """Serves the view of this run until `stack` is closed."""
    from pipeline.view.server import ViewServer

    status = StatusReader(deployment.health, deployment.registry)
    thumbnails = config.output.directory / "thumbnails" if config.output.thumbnails else None
    recorder = None if videos is None or not config.output.videos else videos.find
    site = RunSite(card_of(config), desk, shelf, status.read, thumbnails=thumbnails, recorder=recorder)
    server = stack.enter_context(ViewServer(site, config.view))
    tell_address(server.address, config.view)
    return site


def _open_further_sinks(
    config: PipelineConfig, flags: Flags, stack: ExitStack, observers: Sequence[Callable[[EventLeftOut], None]]
) -> list[EventSink]:
    """What events go to beside the file, which keeps what the others may fail to take. Opened before that of an earlier
    run is put aside: a topic that is not there costs nothing.
    """
    sinks: list[EventSink] = []
    for opener in further_openers(config, flags.topic):
        sinks.append(SparingSink(opener, observers))
        stack.callback(sinks[-1].close)
    if flags.prints_events:
        sinks.append(StreamSink(sys.stdout.buffer, "stdout"))
    return sinks


class _LeftOut:
    """What was too large for one of the further sinks."""

    def __init__(self) -> None:
        self.events: set[UUID] = set()

    def __call__(self, what: EventLeftOut) -> None:
        self.events.add(what.event.event_id)

    def tell(self, path: Path) -> bool:
        """A line for all of them, at the end; says whether there were any."""
        if self.events:
            logger.warning("%d events were too large to be delivered everywhere: %s has them", len(self.events), path)
        return bool(self.events)


class _Bars:
    """A progress bar for each camera, on a terminal only."""

    def __init__(self, lengths: Mapping[str, int | None], console: Console) -> None:
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
        if self._progress.disable:
            yield
            return
        with self._progress:
            thread.start()
            try:
                yield
            finally:
                self._is_over.set()
                thread.join()

    def _show(self, frames: Callable[[str], int]) -> None:
        while not self._is_over.wait(REDRAW_EVERY_S):
            self._update(frames)
        self._update(frames)

    def _update(self, frames: Callable[[str], int]) -> None:
        for camera, task in self._tasks.items():
            self._progress.update(task, completed=frames(camera))
