"""Starts the cameras, starts again the one that failed, and stops everything in order."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from pipeline.ordering.channel import Channel, ChannelClosed
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.sources.backoff import Retry, wait_s
from pipeline.sources.errors import SourceError
from pipeline.sources.source import FrameSource
from pipeline.tracking.camera_loop import CameraLoop
from pipeline.tracking.encode_loop import EncodeLoop

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class CameraRun:
    """One start of one camera: its loop, and the source to close when it is to stop."""

    loop: CameraLoop
    source: FrameSource


@dataclass(frozen=True, slots=True, eq=False)
class SupervisedCamera:
    """What the supervisor needs to know of a camera.

    Attributes:
        name: of the camera.
        is_live: a live camera that fails is started again; a file that fails is not.
        start: makes a new run, with a new tracker and a new `run` in its keys.
    """

    name: str
    is_live: bool
    start: Callable[[], CameraRun]


@dataclass(slots=True, eq=False)
class _State:
    """What the threads share; guarded by `lock`."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    sources: dict[str, FrameSource] = field(default_factory=dict)
    failed: dict[str, SourceError] = field(default_factory=dict)
    fatal: BaseException | None = None


class Supervisor:
    """Runs one process: a thread per camera, and the encode loop and what follows in the thread that calls `run`.

    Args:
        cameras: what to start.
        channel: between the cameras and the encode loop.
        encode_loop: see there.
        take: reads the windows to their end: the identity loop, or a writer into a stream.
        on_restart: hears of each camera that is started again after a failure.
        on_end: hears of each camera that has ended.
        retry: how long a failed live camera rests.
    """

    def __init__(
        self,
        cameras: Sequence[SupervisedCamera],
        channel: Channel[Tracklet, Window],
        encode_loop: EncodeLoop,
        take: Callable[[Iterable[EmbeddedWindow]], None],
        *,
        on_restart: Callable[[str], None] | None = None,
        on_end: Callable[[str], None] | None = None,
        retry: Retry | None = None,
    ) -> None:
        self._cameras = cameras
        self._channel = channel
        self._encode_loop = encode_loop
        self._take = take
        self._on_restart = on_restart
        self._on_end = on_end
        self._retry = retry or Retry()
        self._state = _State()
        self._stopping = threading.Event()

    def run(self) -> dict[str, SourceError]:
        """Returns when every camera has ended, or after `stop`, with all that was cut taken.

        Returns:
            The files that failed, and why; what they held before that has been used.

        Raises:
            Exception: what a camera's detector or tracker, the encoder or `take` raised. The other
                cameras are stopped first.
        """
        threads = [
            threading.Thread(target=self._run_camera, args=(camera,), name=f"camera {camera.name}", daemon=True)
            for camera in self._cameras
        ]
        for thread in threads:
            thread.start()
        try:
            self._take(self._embedded())
        finally:
            self.stop()
            self._channel.close()
            for thread in threads:
                thread.join()
        if self._state.fatal is not None:
            raise self._state.fatal
        return self._state.failed

    def stop(self) -> None:
        """End of file for every camera: what is in the pipeline goes through, then `run` returns. From any thread."""
        self._stopping.set()
        with self._state.lock:
            sources = list(self._state.sources.values())
        for source in sources:
            source.close()

    def _embedded(self) -> Iterator[EmbeddedWindow]:
        for window in self._channel:
            yield self._encode_loop.step(window)

    def _run_camera(self, camera: SupervisedCamera) -> None:
        lane = self._channel.lane(camera.name)
        try:
            self._run_until_done(camera)
        except ChannelClosed:
            pass
        except Exception as error:  # noqa: BLE001 - handed to `run`, which raises it
            self._state.fatal = self._state.fatal or error
            self._channel.close()
        finally:
            lane.close()
            if self._on_end:
                self._on_end(camera.name)

    def _run_until_done(self, camera: SupervisedCamera) -> None:
        random = Random(camera.name)
        failures = 0
        while not self._stopping.is_set():
            try:
                self._run_once(camera)
            except SourceError as error:
                if not camera.is_live:
                    self._state.failed[camera.name] = error
                    return
                failures += 1
                pause_s = wait_s(self._retry, failures, random)
                logger.warning("camera %s failed (%s), starts again in %.1f s", camera.name, error, pause_s)
                self._stopping.wait(pause_s)
                if self._on_restart:
                    self._on_restart(camera.name)
            else:
                return

    def _run_once(self, camera: SupervisedCamera) -> None:
        run = camera.start()
        with self._state.lock:
            self._state.sources[camera.name] = run.source
        if self._stopping.is_set():
            run.source.close()
        try:
            run.loop.run()
        finally:
            run.source.close()
