"""Channel 1: what the cameras cut, joined into windows of stream time, in an order that no thread can change.

Its lanes are the cameras of a process with their tracklets, or processes with the embeddings of theirs.

The identity of a track depends on what was decided before it. So that the same files give the same events, whatever
the threads do, tracklets are handed on by stream time: a window of a second goes out when every camera has passed its
end. A camera that runs ahead of that waits in `advance`, which is also how pressure from behind reaches the cameras:
a file is read more slowly, a live camera drops frames at its source.

Nobody waits for a live camera that gives no frames: after `idle_after_s` the others go on without it, and what it
cuts late goes into the next window.
"""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pipeline.records import TrackEnd, TrackKey


class Part(Protocol):
    """A part of a track: its tracklet, or the embedding of it."""

    @property
    def track(self) -> TrackKey: ...

    @property
    def part(self) -> int: ...

    @property
    def cut_s(self) -> float: ...


PartT = TypeVar("PartT", bound=Part)
JoinedT = TypeVar("JoinedT")


@dataclass(slots=True, eq=False)
class _Lane:
    time_s: float = -math.inf
    moved_s: float = field(default_factory=time.monotonic)
    is_open: bool = True


@dataclass(slots=True, eq=False)
class _Pending(Generic[PartT]):
    parts: list[PartT] = field(default_factory=list)
    ended: list[TrackEnd] = field(default_factory=list)


class Lane(Generic[PartT]):
    """One camera's end of the channel; one thread."""

    def __init__(self, channel: "Channel[PartT, JoinedT]", camera: str) -> None:
        self._channel = channel
        self._camera = camera

    def put(self, parts: Sequence[PartT], ended: Sequence[TrackEnd]) -> None:
        """Hands on what was cut. Never blocks: `advance` does."""
        self._channel._put(parts, ended)  # noqa: SLF001 - a lane is the channel seen from one camera

    def advance(self, time_s: float) -> None:
        """Says that nothing cut before `time_s` will follow; blocks while the camera is too far ahead.

        Raises:
            ChannelClosed: if the reader has gone.
        """
        self._channel._advance(self._camera, time_s)  # noqa: SLF001

    def close(self) -> None:
        """The camera is done; nobody waits for it any more."""
        self._channel._close_lane(self._camera)  # noqa: SLF001


class ChannelClosed(Exception):  # noqa: N818 - not a fault: how a reader that stops tells the writers
    """The reading end is gone; the camera that hears it stops."""


class Channel(Generic[PartT, JoinedT]):
    """Joins the lanes of all cameras; iterate it in one thread to read the windows in order.

    Args:
        cameras: their names; every one of them gets a lane, and must close it.
        window: makes a window of its end, its parts and the tracks that ended in it: `Window`, `EmbeddedWindow`.
        is_live: True if they are live: then nobody waits for one that gives no frames. Files and live streams do not
            mix, because their clocks have nothing to do with each other.
        window_s: length of a window, seconds of stream time. Longer windows see more of the tracks that compete
            for one person before they decide, and decide later.
        lead_s: how far a camera may run ahead of the window that is being worked on, seconds of stream time: the
            bound on what waits here.
        idle_after_s: wall time without a frame after which nobody waits for a live camera.
        yields_empty: hand out a window without anything in it too, where the cameras have passed more than was handed
            out: for a reader that has to tell others how far they are.
        on_turn: called by the reader each time it looks for a window, found or not; at least every `idle_after_s`.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        window: Callable[[float, tuple[PartT, ...], tuple[TrackEnd, ...]], JoinedT],
        *,
        is_live: bool,
        window_s: float = 1.0,
        lead_s: float = 8.0,
        idle_after_s: float = 1.0,
        yields_empty: bool = False,
        on_turn: Callable[[], None] | None = None,
    ) -> None:
        if lead_s < 2 * window_s:
            raise ValueError(f"lead_s must be at least two windows of {window_s} s, found {lead_s}")
        self._lanes = {camera: _Lane() for camera in cameras}
        self._window = window
        self._is_live = is_live
        self._on_turn = on_turn
        self._window_s = window_s
        self._lead_s = lead_s
        self._idle_after_s = idle_after_s
        self._yields_empty = yields_empty
        self._pending: dict[int, _Pending[PartT]] = {}
        self._next = -math.inf
        """Number of the first window that has not gone out; what is cut late goes there."""
        self._at_work_s = math.inf
        self._is_closed = False
        self._changed = threading.Condition()

    def lane(self, camera: str) -> Lane[PartT]:
        return Lane(self, camera)

    def close(self) -> None:
        """The reader is gone: every camera that waits, or comes later, hears `ChannelClosed`."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def waiting(self) -> int:
        """Parts that wait here."""
        with self._changed:
            return sum(len(pending.parts) for pending in self._pending.values())

    def __iter__(self) -> Iterator[JoinedT]:
        """Windows in order of time, without the empty ones unless asked for; ends when every lane is closed."""
        while (window := self._take()) is not None:
            yield window

    def _put(self, parts: Sequence[PartT], ended: Sequence[TrackEnd]) -> None:
        with self._changed:
            for part in parts:
                self._window_of(part.cut_s).parts.append(part)
            for end in ended:
                self._window_of(end.cut_s).ended.append(end)

    def _window_of(self, cut_s: float) -> _Pending[PartT]:
        number = int(max(math.floor(cut_s / self._window_s), self._next))
        return self._pending.setdefault(number, _Pending())

    def _advance(self, camera: str, time_s: float) -> None:
        with self._changed:
            lane = self._lanes[camera]
            before = self._complete_windows()
            lane.time_s = time_s
            lane.moved_s = time.monotonic()
            if self._complete_windows() != before:
                self._changed.notify_all()  # not at every frame: it is dear to wake threads for nothing
            while not self._is_closed and time_s - self._worked_up_to_s() > self._lead_s:
                self._changed.wait(self._idle_after_s / 2)
                lane.moved_s = time.monotonic()  # it waits for others, so it is not idle
        if self._is_closed:
            raise ChannelClosed

    def _close_lane(self, camera: str) -> None:
        with self._changed:
            self._lanes[camera].is_open = False
            self._changed.notify_all()

    def _worked_up_to_s(self) -> float:
        """All before this time has been worked off, or never was."""
        first_pending_s = min(self._pending, default=math.inf) * self._window_s
        return min(first_pending_s, self._at_work_s, self._complete_up_to_s())

    def _complete_up_to_s(self) -> float:
        """Every camera that is waited for has passed this time."""
        now_s = time.monotonic()
        awaited = (
            lane.time_s
            for lane in self._lanes.values()
            if lane.is_open and not (self._is_live and now_s - lane.moved_s > self._idle_after_s)
        )
        return min(awaited, default=math.inf)

    def _complete_windows(self) -> float:
        """Number of the window in which the slowest camera is; NaN, which equals nothing, while one has not begun."""
        return self._complete_up_to_s() // self._window_s

    def _take(self) -> JoinedT | None:
        with self._changed:
            self._at_work_s = math.inf
            self._changed.notify_all()
            while True:
                if self._on_turn:
                    self._on_turn()
                first = min(self._pending, default=None)
                complete_s = self._complete_up_to_s()
                if first is not None and complete_s >= (first + 1) * self._window_s:
                    return self._release(first)
                passed = self._number_of(complete_s)
                if self._yields_empty and passed > self._next and math.isfinite(passed):
                    return self._release(int(passed) - 1)
                if first is None and (self._is_closed or not any(lane.is_open for lane in self._lanes.values())):
                    return None
                self._changed.wait(self._idle_after_s / 2)

    def _number_of(self, time_s: float) -> float:
        """The window that a time lies in; an infinite time lies in an infinite one."""
        return math.floor(time_s / self._window_s) if math.isfinite(time_s) else time_s

    def _release(self, number: int) -> JoinedT:
        pending: _Pending[PartT] = self._pending.pop(number, _Pending())
        self._next = number + 1
        self._at_work_s = number * self._window_s
        return self._window(
            (number + 1) * self._window_s,
            tuple(sorted(pending.parts, key=lambda part: (part.cut_s, part.track, part.part))),
            tuple(sorted(pending.ended, key=lambda end: (end.cut_s, end.track))),
        )
