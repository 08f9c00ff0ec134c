"""Cameras shared out among child processes: an interpreter for each core, for one lets one thread at a time through.

What that is worth stands in docs/benchmarks.md. Each child runs its cameras up to the embeddings; what they hand on is
joined by stream time as the cameras of one process are, so the same files give the same events, however many processes
there are.
"""

import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing import resource_tracker
from typing import Self

from prometheus_client import CollectorRegistry, Metric

from passerby_events.errors import PasserbyError
from pipeline.config import PipelineConfig
from pipeline.deployment.child import Broken, ChildMessage, Done, Order, Pipes, Ready, Report, Watch, run_child
from pipeline.images import CameraImage, ImageDesk, TrackImage
from pipeline.ordering.channel import Channel, ChannelClosed
from pipeline.records import EmbeddedWindow, Embedding, Heartbeat
from pipeline.scheduling.cpu_slots import CpuShare, share_cpus
from pipeline.sources.errors import SourceError
from pipeline.telemetry.health import STUCK_AFTER_S, Health
from pipeline.telemetry.logs import logs_in_force
from pipeline.telemetry.merged import AddedMetrics
from pipeline.telemetry.metrics import Metrics

ENDS_WITHIN_S = 10.0
"""A child that has said its last word is gone by then, or is killed."""
_WHY = {signal.SIGKILL: ": was there memory enough?", signal.SIGSEGV: ": a library failed"}


class ChildDied(PasserbyError):  # noqa: N818 - said of somebody
    """A process that ran cameras ended without a word."""


class Children:
    """The cameras of a configuration in several processes, ready to run; they end with this one."""

    def __init__(
        self,
        config: PipelineConfig,
        count: int,
        at_once: int | None,
        metrics: Metrics,
        health: Health,
        *,
        prefetches: bool,
        emits_empty_windows: bool,
        desk: ImageDesk | None = None,
    ) -> None:
        """Starts the processes, and waits until their networks are loaded; nothing is written yet.

        Args:
            config: checked.
            count: of processes; cameras are dealt out to them one by one.
            at_once: how many threads of all of them work with a network at a time; None: as many as have work.
            metrics, health: what is told of this process.
            prefetches: see `build_stages`.
            emits_empty_windows: hand on empty windows too, as who must say how far it is.
            desk: takes the images that they make for the view; None: they make none.

        Raises:
            ArtefactError: if a network cannot be used.
            ChildDied: if a process ended before it was ready.
        """
        self._config = config
        self._health = health
        self._emits_empty_windows = emits_empty_windows
        # Held for as long as the children work by it: what this process lets go of, it may give to somebody else.
        self._shares = share_cpus(at_once, count)
        with ExitStack() as owned:
            configs = [config.model_copy(update={"cameras": config.cameras[i::count]}) for i in range(count)]
            self._children = [
                owned.enter_context(_Child(each, prefetches=prefetches, share=share, desk=desk))
                for each, share in zip(configs, self._shares, strict=True)
            ]
            for child in self._children:
                child.wait_until_ready()
            self._owned = owned.pop_all()
        self.registry = CollectorRegistry()
        """All that is counted, here and in the children."""
        self.registry.register(AddedMetrics(metrics.registry, lambda: [child.metrics for child in self._children]))

    def close(self) -> None:
        self._owned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def supervisor(self, take: Callable[[Iterable[EmbeddedWindow]], None]) -> "ChildrenSupervisor":
        """What runs them, with windows of embeddings going to `take`."""
        order = self._config.order
        channel = Channel(
            [child.name for child in self._children],
            EmbeddedWindow,
            # A child is heard of once a window.
            replace(order, idle_after_s=order.window_s + order.idle_after_s),
            is_live=self._config.is_live,
            emits_empty_windows=self._emits_empty_windows,
            observers=[self._beat],
        )
        return ChildrenSupervisor(self._children, channel, take, self._health)

    def _beat(self, _: Heartbeat) -> None:
        """As long as the children are alive, this process is."""
        if all(child.is_alive() for child in self._children):
            self._health.beat()


class ChildrenSupervisor:
    """Runs the children, and what follows in the thread that calls `run`. As `Supervisor`."""

    def __init__(
        self,
        children: Sequence["_Child"],
        channel: Channel[Embedding, EmbeddedWindow],
        take: Callable[[Iterable[EmbeddedWindow]], None],
        health: Health,
    ) -> None:
        self._children = children
        self._channel = channel
        self._take = take
        self._health = health
        self._failed: dict[str, SourceError] = {}
        self._fatal: Exception | None = None

    def run(self) -> dict[str, SourceError]:
        """Returns when every camera has ended, or after `stop`, with all that was cut taken.

        Returns:
            The cameras that failed, each alone, and why; what they gave before that has been used.

        Raises:
            Exception: what a child's detector, tracker or encoder raised, or `take`. The other cameras are stopped
                first.
            ChildDied: if a child ended without a word. The other cameras are stopped first.
        """
        work = [(target, child) for child in self._children for target in (self._join, self._listen)]
        threads = [threading.Thread(target=target, args=(child,), daemon=True) for target, child in work]
        for child in self._children:
            child.say(Order.START)
        for thread in threads:
            thread.start()
        try:
            self._take(self._channel)
        finally:
            self.stop()
            self._channel.close()
            for thread in threads:
                thread.join()
        if self._fatal is not None:
            raise self._fatal
        return self._failed

    def stop(self) -> None:
        """End of file for every camera: what is in the pipeline goes through, then `run` returns. From any thread."""
        for child in self._children:
            child.say(Order.STOP)

    def _join(self, child: "_Child") -> None:
        """Hands on what a child embeds; when nobody takes it any more, the child hears it from its pipe."""
        lane = self._channel.lane(child.name)
        try:
            for window in child.windows():
                lane.put(window.embeddings, window.ended)
                lane.emit_watermark(window.end_s)
        except ChannelClosed:
            pass
        finally:
            lane.close()
            child.close_windows()

    def _listen(self, child: "_Child") -> None:
        """Hears a child to its last word."""
        try:
            for report in child.reports():
                for camera, state in report.cameras.items():
                    self._health.camera(camera, state)
            self._failed.update(child.failed)
        except Exception as error:  # noqa: BLE001 - handed to `run`, which raises it
            self._fatal = self._fatal or error
            self.stop()


class _Child:
    """One child process, from the parent's side.

    Attributes:
        name: of its cameras.
        metrics: what it had counted when it was last heard of.
        failed: once its reports have ended, the cameras that failed.
    """

    def __init__(
        self, config: PipelineConfig, *, prefetches: bool, share: CpuShare | None, desk: ImageDesk | None
    ) -> None:
        self._cameras = frozenset(camera.name for camera in config.cameras)
        self._desk = desk
        self._watched: frozenset[str] = frozenset()
        self.name = ", ".join(camera.name for camera in config.cameras)
        self.metrics: tuple[Metric, ...] = ()
        self.failed: dict[str, SourceError] = {}
        self._alive_s = time.monotonic()
        self._is_over = False
        self._lock = threading.Lock()
        start = multiprocessing.get_context("spawn")
        self._windows, windows = start.Pipe(duplex=False)
        self._control, control = start.Pipe()
        self._process = start.Process(
            target=run_child,
            args=(config, Pipes(windows, control)),
            kwargs={"prefetches": prefetches, "share": share, "logs": logs_in_force(), "shows": desk is not None},
            name=f"cameras {self.name}",
            daemon=True,
        )
        with _signals_held():
            self._process.start()
        # Its ends are its own: when it dies, ours say so.
        windows.close()
        control.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the process: it ends by itself as soon as nobody is at the other end."""
        self._windows.close()
        self._control.close()
        self._process.join(ENDS_WITHIN_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def wait_until_ready(self) -> None:
        """Raises what kept it from getting ready."""
        self._hear()

    def is_alive(self) -> bool:
        """Whether it said so lately, or has done its work."""
        return self._is_over or time.monotonic() - self._alive_s < STUCK_AFTER_S

    def say(self, order: Order | Watch) -> None:
        """From any thread; to one that is gone there is nothing to say."""
        with self._lock, suppress(OSError):
            self._control.send(order)

    def windows(self) -> Iterator[EmbeddedWindow]:
        """Until it has nothing more to hand on, or is gone."""
        with suppress(EOFError, ConnectionResetError):
            while True:
                yield self._windows.recv()

    def close_windows(self) -> None:
        """Its next window is refused."""
        self._windows.close()

    def reports(self) -> Iterator[Report]:
        """Until its last word; raises what ended it before."""
        self._alive_s = time.monotonic()
        while not self._is_over:
            message = self._hear()
            if isinstance(message, Report):
                self.metrics = message.metrics
                if message.is_alive:
                    self._alive_s = time.monotonic()
                self._say_who_is_watched()
                yield message

    def _say_who_is_watched(self) -> None:
        """With each report, once a second; where nothing has changed, nothing is said."""
        if self._desk is None:
            return
        watched = self._desk.wanted() & self._cameras
        if watched != self._watched:
            self._watched = watched
            self.say(Watch(watched))

    def _take_image(self, image: CameraImage | TrackImage) -> None:
        assert self._desk is not None, f"the process of the cameras {self.name} makes images unasked"
        match image:
            case CameraImage():
                self._desk.show(image)
            case TrackImage():
                self._desk.keep(image)

    def _hear(self) -> Ready | Report | Done | CameraImage | TrackImage:
        try:
            message: ChildMessage = self._control.recv()
        except (EOFError, ConnectionResetError):
            raise ChildDied(self._last_words()) from None
        match message:
            case Broken(error):
                self._is_over = True
                raise error
            case Done(failed):
                self._is_over = True
                self.failed = failed
            case CameraImage() | TrackImage():
                self._take_image(message)
        return message

    def _last_words(self) -> str:
        self._process.join(ENDS_WITHIN_S)
        code = self._process.exitcode
        if code is None:
            how = "closed its pipe"
        elif code < 0:
            how = f"was killed by {signal.Signals(-code).name}" + _WHY.get(signal.Signals(-code), "")
        else:
            how = f"ended with code {code}"
        return f"the process of the cameras {self.name} {how}"


@contextmanager
def _signals_held() -> Iterator[None]:
    """Who is started meanwhile never hears a signal to stop: this process does, and says what is to be done."""
    held = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    # Python's own helper process comes with the first child, and its start lets some of the signals through again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
