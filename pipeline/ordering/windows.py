"""Assembles windows of stream time out of several lanes, in an order that no thread can change.

A lane is somebody who says how far it is: a camera, a process of cameras, a worker's camera. Its watermark is the time
before which nothing more will follow from it. A window is complete when every lane that is awaited has passed its end,
and what is in it is sorted: so it does not matter who ran ahead of whom.

Pure: no thread, no lock and no clock are in here; wall time comes in with each call. Who reads from threads adds the
locks (`channel.py`), and who reads from a stream its messages (`pipeline/store/window_join.py`).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from passerby_events.tracks import TrackKey
from pipeline.records import TrackEnd


class AnyTracklet(Protocol):
    """A stretch of a track: its tracklet, or the embedding of it."""

    @property
    def track(self) -> TrackKey: ...

    @property
    def tracklet_index(self) -> int: ...

    @property
    def cut_s(self) -> float: ...


TrackletT = TypeVar("TrackletT", bound=AnyTracklet)


@dataclass(frozen=True, slots=True, eq=False)
class AssembledWindow(Generic[TrackletT]):
    """What was cut within one stretch of stream time.

    Attributes:
        number: of the window, counted from the epoch.
        end_s: where it ends (exclusive), seconds since the epoch.
        tracklets: sorted by (cut_s, track, tracklet_index).
        ended: sorted by (cut_s, track).
    """

    number: int
    end_s: float
    tracklets: tuple[TrackletT, ...]
    ended: tuple[TrackEnd, ...]


@dataclass(slots=True, eq=False)
class _Lane:
    heard_s: float
    watermark_s: float = -math.inf
    is_open: bool = True


@dataclass(slots=True, eq=False)
class _PendingWindow(Generic[TrackletT]):
    tracklets: list[TrackletT] = field(default_factory=list)
    ended: list[TrackEnd] = field(default_factory=list)


class WindowAssembler(Generic[TrackletT]):
    """Sorts what the lanes say into windows, and gives them out one after the other.

    Args:
        lanes: their names; every one is awaited from the start, until it closes.
        window_s: length of a window, seconds of stream time. All windows lie on one grid that begins at the epoch.
        is_live: True if the lanes are live: nobody waits for one that was not heard of for `idle_after_s`. Files and
            live streams do not mix, because their clocks have nothing to do with each other.
        idle_after_s: wall time.
        now_s: monotonic wall time.
        last: number of the last window that went out before; None: none did.
        emits_empty_windows: give out a window without anything in it too, where the lanes have passed more than was
            given out.
    """

    def __init__(
        self,
        lanes: Iterable[str],
        *,
        window_s: float,
        is_live: bool,
        idle_after_s: float,
        now_s: float,
        last: int | None = None,
        emits_empty_windows: bool = False,
    ) -> None:
        self._lanes = {lane: _Lane(heard_s=now_s) for lane in lanes}
        self._window_s = window_s
        self._is_live = is_live
        self._idle_after_s = idle_after_s
        self._emits_empty_windows = emits_empty_windows
        self._pending: dict[int, _PendingWindow[TrackletT]] = {}
        self.awaited_from_s = -math.inf
        """A live lane that is further behind than this is not awaited; what it says is late."""
        self.last = last
        """Number of the last window that has gone out."""

    @property
    def is_done(self) -> bool:
        """Every lane has closed, and every window has gone out."""
        return not self._pending and not any(lane.is_open for lane in self._lanes.values())

    @property
    def pending_from_s(self) -> float:
        """Where the first window begins that holds anything; infinite if none does."""
        return min(self._pending, default=math.inf) * self._window_s

    def count_waiting(self) -> int:
        """Tracklets that have not gone out."""
        return sum(len(pending.tracklets) for pending in self._pending.values())

    def hear(self, lane: str, now_s: float) -> None:
        """A lane is there, even if it says no more than that."""
        self._lanes[lane].heard_s = now_s

    def open(self, lane: str, now_s: float) -> None:
        """A lane is awaited, again if it had closed. How far it was, it remains."""
        self.hear(lane, now_s)
        self._lanes[lane].is_open = True

    def close(self, lane: str) -> None:
        """Nothing more will follow from a lane; nobody waits for it."""
        self._lanes[lane].is_open = False

    def raise_watermark(self, lane: str, time_s: float, now_s: float) -> None:
        """Nothing cut before this stream time will follow from a lane; it never goes back."""
        self.hear(lane, now_s)
        self._lanes[lane].watermark_s = max(self._lanes[lane].watermark_s, time_s)

    def watermark_s(self, now_s: float) -> float:
        """Every lane that is awaited has passed this stream time."""
        awaited = (lane.watermark_s for lane in self._lanes.values() if lane.is_open and self._awaits(lane, now_s))
        return min(awaited, default=math.inf)

    def watermarks_s(self) -> Iterator[tuple[str, float]]:
        """How far each lane is that is open."""
        return ((name, lane.watermark_s) for name, lane in self._lanes.items() if lane.is_open)

    def silent(self, now_s: float, for_s: float) -> list[str]:
        """Lanes that are open and have not been heard of for so long, wall time."""
        return [name for name, lane in self._lanes.items() if lane.is_open and now_s - lane.heard_s > for_s]

    def is_late(self, number: int) -> bool:
        """The window has gone out already."""
        return self.last is not None and number <= self.last

    def put_by_time(self, tracklets: Iterable[TrackletT], ended: Iterable[TrackEnd]) -> None:
        """Adds each to the window it was cut in; what is late, to the first that has not gone out."""
        for tracklet in tracklets:
            self.put(math.floor(tracklet.cut_s / self._window_s), (tracklet,), ())
        for end in ended:
            self.put(math.floor(end.cut_s / self._window_s), (), (end,))

    def put(self, number: int, tracklets: Sequence[TrackletT], ended: Sequence[TrackEnd]) -> None:
        """Adds to a window, whenever it was cut; what is late, to the first window that has not gone out."""
        if self.last is not None:
            number = max(number, self.last + 1)
        pending = self._pending.setdefault(number, _PendingWindow())
        pending.tracklets += tracklets
        pending.ended += ended

    def take(self, now_s: float) -> AssembledWindow[TrackletT] | None:
        """The next window, if it is complete."""
        watermark_s = self.watermark_s(now_s)
        first = min(self._pending, default=None)
        if first is not None and watermark_s >= (first + 1) * self._window_s:
            return self._release(first)
        if self._emits_empty_windows and math.isfinite(watermark_s):
            passed = math.floor(watermark_s / self._window_s) - 1
            return None if self.is_late(passed) else self._release(passed)
        return None

    def assemble(
        self, number: int, tracklets: Iterable[TrackletT], ended: Iterable[TrackEnd]
    ) -> AssembledWindow[TrackletT]:
        """A window of its content, in order."""
        return AssembledWindow(
            number=number,
            end_s=(number + 1) * self._window_s,
            tracklets=tuple(sorted(tracklets, key=lambda tracklet: (*_order(tracklet), tracklet.tracklet_index))),
            ended=tuple(sorted(ended, key=_order)),
        )

    def _awaits(self, lane: _Lane, now_s: float) -> bool:
        """Files are awaited for as long as it takes."""
        if not self._is_live:
            return True
        is_far_behind = -math.inf < lane.watermark_s < self.awaited_from_s
        return now_s - lane.heard_s <= self._idle_after_s and not is_far_behind

    def _release(self, number: int) -> AssembledWindow[TrackletT]:
        pending: _PendingWindow[TrackletT] = self._pending.pop(number, _PendingWindow())
        self.last = number
        return self.assemble(number, pending.tracklets, pending.ended)


def _order(stretch: AnyTracklet | TrackEnd) -> tuple[float, str, str, int]:
    """(cut_s, track), laid out: records within tuples compare by methods of Python, much slower."""
    return stretch.cut_s, stretch.track.camera, stretch.track.session, stretch.track.track
