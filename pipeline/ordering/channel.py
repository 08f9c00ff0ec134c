"""Channel 1: what the cameras cut, joined into windows of stream time, in an order that no thread can change.

Its lanes are the cameras of a process with their tracklets, or processes with the embeddings of theirs.

The identity of a track depends on what was decided before it. So that the same files give the same events, whatever
the threads do, tracklets are handed on by stream time: a window of a second goes out when every camera has passed its
end. A camera that runs ahead of that waits in `emit_watermark`, which is also how pressure from behind reaches the
cameras: a file is read more slowly, a live camera drops frames at its source.

Nobody waits for a live camera that gives no frames: after `idle_after_s` the others go on without it, and what it
cuts late goes into the next window.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pipeline.ordering.windows import TrackletT, WindowAssembler
from pipeline.records import Heartbeat, TrackEnd

JoinedT = TypeVar("JoinedT")


class Lane(Generic[TrackletT]):
    """One camera's end of the channel; one thread."""

    def __init__(self, channel: "Channel[TrackletT, JoinedT]", camera: str) -> None:
        self._channel = channel
        self._camera = camera

    def put(self, tracklets: Sequence[TrackletT], ended: Sequence[TrackEnd]) -> None:
        """Hands on what was cut. Never blocks: `emit_watermark` does."""
        self._channel._put(tracklets, ended)  # noqa: SLF001 - a lane is the channel seen from one camera

    def emit_watermark(self, time_s: float) -> None:
        """Says that nothing cut before `time_s` will follow; blocks while the camera is too far ahead.

        Raises:
            ChannelClosed: if the reader has gone.
        """
        self._channel._take_watermark(self._camera, time_s)  # noqa: SLF001

    def close(self) -> None:
        """The camera is done; nobody waits for it any more."""
        self._channel._close_lane(self._camera)  # noqa: SLF001


class ChannelClosed(Exception):  # noqa: N818 - not a fault: how a reader that stops tells the writers
    """The reading end is gone; the camera that hears it stops."""


@dataclass(frozen=True, slots=True)
class OrderParams:
    """How the cameras are joined.

    Attributes:
        window_s: length of a window, seconds of stream time. Longer windows see more of the tracks that compete for one
            person before they decide, and decide later.
        lead_s: how far a camera may run ahead of the window that is being worked on, seconds of stream time, at least
            two windows: the bound on what waits here.
        idle_after_s: wall time without a frame after which nobody waits for a live camera.
    """

    window_s: float = 1.0
    lead_s: float = 8.0
    idle_after_s: float = 1.0

    def __post_init__(self) -> None:
        if min(self.window_s, self.idle_after_s) <= 0:
            raise ValueError(
                f"expected window_s and idle_after_s above 0, found {self.window_s} and {self.idle_after_s}"
            )
        if self.lead_s < 2 * self.window_s:
            raise ValueError(f"lead_s must be at least two windows of {self.window_s} s, found {self.lead_s}")


class Channel(Generic[TrackletT, JoinedT]):
    """Joins the lanes of all cameras; iterate it in one thread to read the windows in order.

    Args:
        cameras: their names; every one of them gets a lane, and must close it.
        window: makes a window of its end, its tracklets and the tracks that ended in it: `Window`, `EmbeddedWindow`.
        is_live: True if they are live: then nobody waits for one that gives no frames. Files and live streams do not
            mix, because their clocks have nothing to do with each other.
        params: length of a window, and who waits for whom.
        emits_empty_windows: hand out a window without anything in it too, where the cameras have passed more than was
            handed
            out: for a reader that has to tell others how far they are.
        observers: are told by the reader each time it looks for a window, found or not; at least every `idle_after_s`.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        window: Callable[[float, tuple[TrackletT, ...], tuple[TrackEnd, ...]], JoinedT],
        params: OrderParams | None = None,
        *,
        is_live: bool,
        emits_empty_windows: bool = False,
        observers: Sequence[Callable[[Heartbeat], None]] = (),
    ) -> None:
        self._params = params or OrderParams()
        self._windows: WindowAssembler[TrackletT] = WindowAssembler(
            cameras,
            window_s=self._params.window_s,
            is_live=is_live,
            idle_after_s=self._params.idle_after_s,
            now_s=time.monotonic(),
            emits_empty_windows=emits_empty_windows,
        )
        self._window = window
        self._observers = observers
        self._at_work_s = math.inf
        self._is_closed = False
        self._changed = threading.Condition()

    def lane(self, camera: str) -> Lane[TrackletT]:
        return Lane(self, camera)

    def close(self) -> None:
        """The reader is gone: every camera that waits, or comes later, hears `ChannelClosed`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def waiting(self) -> int:
        """Tracklets that wait here."""
        with self._changed:
            return self._windows.count_waiting()

    def __iter__(self) -> Iterator[JoinedT]:
        """Windows in order of time, without the empty ones unless asked for; ends when every lane is closed."""
        while (window := self._take()) is not None:
            yield window

    def _put(self, tracklets: Sequence[TrackletT], ended: Sequence[TrackEnd]) -> None:
        with self._changed:
            self._windows.put_by_time(tracklets, ended)

    def _take_watermark(self, camera: str, time_s: float) -> None:
        with self._changed:
            before = self._complete_windows()
            self._windows.raise_watermark(camera, time_s, time.monotonic())
            if self._complete_windows() != before:
                self._changed.notify_all()  # not at every frame: it is dear to wake threads for nothing
            while not self._is_closed and time_s - self._worked_up_to_s() > self._params.lead_s:
                self._changed.wait(self._params.idle_after_s / 2)
                self._windows.hear(camera, time.monotonic())  # it waits for others, so it is not idle
        if self._is_closed:
            raise ChannelClosed

    def _close_lane(self, camera: str) -> None:
        with self._changed:
            self._windows.close(camera)
            self._changed.notify_all()

    def _worked_up_to_s(self) -> float:
        """All before this time has been worked off, or never was."""
        return min(self._windows.pending_from_s, self._at_work_s, self._windows.watermark_s(time.monotonic()))

    def _complete_windows(self) -> float:
        """Number of the window in which the slowest camera is; NaN, which equals nothing, while one has not begun."""
        return self._windows.watermark_s(time.monotonic()) // self._params.window_s

    def _take(self) -> JoinedT | None:
        with self._changed:
            self._at_work_s = math.inf
            self._changed.notify_all()
            while True:
                for observer in self._observers:
                    observer(Heartbeat())
                if (complete := self._windows.take(time.monotonic())) is not None:
                    self._at_work_s = complete.number * self._params.window_s
                    return self._window(complete.end_s, complete.tracklets, complete.ended)
                if self._windows.is_done or (self._is_closed and self._windows.pending_from_s == math.inf):
                    return None
                self._changed.wait(self._params.idle_after_s / 2)
