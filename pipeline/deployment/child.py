"""A process that runs some of the cameras for another, its parent, and hands it their embeddings over pipes.

Two pipes, because the one for windows may be full for as long as other cameras are behind: over the other one the
parent says when to start and to stop, and hears how the child is.
"""

import pickle
import threading
import traceback
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from multiprocessing.connection import Connection

from prometheus_client import Metric

from pipeline.build import Stages, build_stages
from pipeline.config import PipelineConfig
from pipeline.deployment.local import Process
from pipeline.deployment.recorders import open_camera_observers
from pipeline.deployment.supervisor import Supervisor
from pipeline.images import CameraImage, TrackImage
from pipeline.records import EmbeddedWindow
from pipeline.scheduling.cpu_slots import CpuShare, CpuSlots, SlottedDetector, SlottedEncoder
from pipeline.scheduling.threads import ask_for_long_slices, keep_to_one_thread
from pipeline.sources.errors import SourceError
from pipeline.sources.source import SourceObserver
from pipeline.telemetry.health import Health
from pipeline.telemetry.logs import LogParams, set_up_logs
from pipeline.telemetry.metrics import Metrics
from pipeline.telemetry.observers import CameraLog, DetectCounter, SourceCounter

REPORT_EVERY_S = 1.0
_NOBODY_THERE = (EOFError, BrokenPipeError, ConnectionResetError)
"""What a pipe says whose other end is closed."""


class Order(Enum):
    """What the parent says."""

    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Ready:
    """The networks are loaded."""


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """How the child is.

    Attributes:
        metrics: all that it has counted so far.
        cameras: in which state each is.
        is_alive: its loop turns, or waits for the parent.
    """

    metrics: tuple[Metric, ...]
    cameras: dict[str, str]
    is_alive: bool


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """All is over, and handed on: the cameras that failed, and why."""

    failed: dict[str, SourceError]


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """The error that ended the child."""

    error: Exception


ChildMessage = Ready | Report | Done | Broken | CameraImage | TrackImage


@dataclass(frozen=True, slots=True)
class Watch:
    """What the parent says of the view: at which cameras somebody looks."""

    cameras: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Pipes:
    """The child's ends.

    Attributes:
        windows: to write windows to.
        control: to hear `Order`, and to say `ChildMessage`.
    """

    windows: Connection
    control: Connection


def run_child(
    config: PipelineConfig,
    pipes: Pipes,
    *,
    prefetches: bool,
    share: CpuShare | None,
    logs: LogParams | None,
    shows: bool = False,
) -> None:
    """The child's whole life: loads the networks, waits for the order to start, runs the cameras to their end.

    It ends when its parent has gone.

    Args:
        config: of its cameras.
        pipes: to the parent.
        prefetches: see `build_stages`.
        share: of the CPU slots that the processes have together; None: it works when it likes.
        logs: as the parent's; None: nobody set them up there.
        shows: it hands images to the parent, for the view.
    """
    if logs is not None:
        set_up_logs(logs)
    keep_to_one_thread()
    if share is not None:
        ask_for_long_slices()
    try:
        _live(config, pipes, prefetches=prefetches, share=share, shows=shows)
    except _NOBODY_THERE:
        return
    except Exception as error:  # noqa: BLE001 - the parent raises it
        with suppress(*_NOBODY_THERE):
            pipes.control.send(Broken(portable(error)))


def _live(config: PipelineConfig, pipes: Pipes, *, prefetches: bool, share: CpuShare | None, shows: bool) -> None:
    metrics, health = Metrics(), Health()
    voice = _Voice(pipes.control)
    desk = _PipeDesk(voice) if shows else None
    with ExitStack() as owned:
        observers: list[SourceObserver] = [SourceCounter(metrics, health), CameraLog()]
        detect_observers = [DetectCounter(metrics)]
        stages = build_stages(config, owned, observers, detect_observers, prefetches=prefetches)
        if share is not None:
            stages = in_cpu_slots(stages, CpuSlots(share))
        open_observers = partial(open_camera_observers, config, owned, desk)
        process = Process(config, stages, metrics, health, open_observers=open_observers, emits_empty_windows=True)
        pipes.control.send(Ready())
        order = pipes.control.recv()
        outlet = _Outlet(pipes.windows)
        supervisor = process.supervisor(outlet.take)
        if order is Order.STOP:
            supervisor.stop()  # before it has begun: it ends in order all the same
        reporter = _Reporter(voice, metrics, health, outlet)
        threading.Thread(target=_obey, args=(pipes.control, supervisor, desk), name="orders", daemon=True).start()
        try:
            failed = supervisor.run()
        finally:
            reporter.close()
            pipes.windows.close()
    pipes.control.send(Done(failed))


def in_cpu_slots(stages: Stages, slots: CpuSlots) -> Stages:
    """The same, with slots for the threads that work with a network."""
    cameras = {
        name: replace(camera, detector=SlottedDetector(camera.detector, slots))
        for name, camera in stages.cameras.items()
    }
    return replace(stages, cameras=cameras, encoder=SlottedEncoder(stages.encoder, slots))


def _obey(control: Connection, supervisor: Supervisor, desk: "_PipeDesk | None") -> None:
    """Stops at the order to, or when the parent has gone; hears meanwhile at which cameras somebody looks."""
    with suppress(EOFError, OSError):
        while isinstance(heard := control.recv(), Watch):
            if desk is not None:
                desk.watched = heard.cameras
    supervisor.stop()


class _Voice:
    """Says things to the parent, from several threads."""

    def __init__(self, control: Connection) -> None:
        self._control = control
        self._lock = threading.Lock()

    def send(self, message: ChildMessage) -> None:
        with self._lock:
            self._control.send(message)


class _PipeDesk:
    """Hands images to the parent.

    Attributes:
        watched: the cameras at which somebody looks, as the parent last said.
    """

    def __init__(self, voice: _Voice) -> None:
        self._voice = voice
        self.watched: frozenset[str] = frozenset()

    def wanted(self) -> frozenset[str]:
        return self.watched

    def show(self, image: CameraImage) -> None:
        self._voice.send(image)

    def keep(self, image: TrackImage) -> None:
        self._voice.send(image)


class _Outlet:
    """Writes windows into a pipe."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.is_waiting = False

    def take(self, windows: Iterable[EmbeddedWindow]) -> None:
        for window in windows:
            self.is_waiting = True
            self._pipe.send(window)
            self.is_waiting = False


class _Reporter:
    """Reports every second, and once more at the end."""

    def __init__(self, voice: _Voice, metrics: Metrics, health: Health, outlet: _Outlet) -> None:
        self._voice = voice
        self._metrics = metrics
        self._health = health
        self._outlet = outlet
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while not self._is_over.wait(REPORT_EVERY_S):
                self._report()
            self._report()

    def _report(self) -> None:
        is_alive = self._outlet.is_waiting or self._health.is_alive()
        self._voice.send(Report(tuple(self._metrics.registry.collect()), self._health.cameras(), is_alive))


def portable(error: Exception) -> Exception:
    """The error with its traceback in words, in a form that survives the pipe."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever a foreign error does when it is packed
        return RuntimeError("".join(traceback.format_exception(error)))
    return error
