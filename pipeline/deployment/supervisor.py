"""Runs cameras to their end, each on its own, and stops everything in order.

Nobody is started again: a live source reconnects by itself, and what it raises nobody mends by waiting.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.ordering.channel import Channel, ChannelClosed
from pipeline.records import EmbeddedWindow, Tracklet, Window
from pipeline.sources.errors import SourceError
from pipeline.tracking.camera_loop import CameraLoop
from pipeline.tracking.encode_loop import EncodeLoop

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SupervisedCamera:
    """A camera by its name, and what runs it."""

    name: str
    loop: CameraLoop


@dataclass(slots=True, eq=False)
class _Ends:
    """How the cameras ended: the threads write, `run` reads when they are gone."""

    failed: dict[str, SourceError] = field(default_factory=dict)
    fatal: BaseException | None = None


@dataclass(frozen=True, slots=True)
class CameraEnded:
    """A camera that has ended, and the error of one that failed."""

    camera: str
    error: SourceError | None


class Supervisor:
    """Runs one process: a thread per camera, and the encode loop and what follows in the thread that calls `run`.

    Args:
        cameras: what to run, once.
        channel: between the cameras and the encode loop.
        encode_loop: see there.
        take: reads the windows to their end: the identity loop, or a writer into a stream.
        observers: are told, in the thread of the camera, of each that has ended.
    """

    def __init__(
        self,
        cameras: Sequence[SupervisedCamera],
        channel: Channel[Tracklet, Window],
        encode_loop: EncodeLoop,
        take: Callable[[Iterable[EmbeddedWindow]], None],
        *,
        observers: Sequence[Callable[[CameraEnded], None]] = (),
    ) -> None:
        self._cameras = cameras
        self._channel = channel
        self._encode_loop = encode_loop
        self._take = take
        self._observers = observers
        self._ends = _Ends()

    def run(self) -> dict[str, SourceError]:
        """Returns when every camera has ended, or after `stop`, with all that was cut taken.

        Returns:
            The cameras that failed, each alone, and why; what they gave before that has been used.

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
        if self._ends.fatal is not None:
            raise self._ends.fatal
        return self._ends.failed

    def stop(self) -> None:
        """End of file for every camera: what is in the pipeline goes through, then `run` returns. From any thread."""
        for camera in self._cameras:
            camera.loop.close()

    def _embedded(self) -> Iterator[EmbeddedWindow]:
        for window in self._channel:
            yield self._encode_loop.step(window)

    def _run_camera(self, camera: SupervisedCamera) -> None:
        failure: SourceError | None = None
        try:
            camera.loop.run()
        except ChannelClosed:
            pass
        except SourceError as error:
            failure = self._ends.failed[camera.name] = error
            logger.error("%s", error, extra={"camera": camera.name})
        except Exception as error:  # noqa: BLE001 - handed to `run`, which raises it
            self._ends.fatal = self._ends.fatal or error
            self._channel.close()
        finally:
            self._channel.lane(camera.name).close()
            for observer in self._observers:
                observer(CameraEnded(camera.name, failure))
