"""The matcher's end of channel 2: messages of all workers, joined into windows of stream time, as channel 1 does.

The workers' windows and these lie on one grid: a window goes out when every camera's worker has passed its end. What
a worker says of a window that has gone out already is late and goes out at once: it never waits for its worker, which
may have started a recording again, and may not write more before what it wrote is gone.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.store.embedding_messages import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a message stands in the stream: its id, and the worker that wrote it, empty if unknown."""

    id: bytes
    worker: str


@dataclass(frozen=True, slots=True, eq=False)
class JoinedWindow:
    """A window that is complete.

    Attributes:
        number: of the window, counted from the epoch; of the last one again for what is late.
        window: what is in it.
        entries: the messages that are of no more use once it is committed.
    """

    number: int
    window: EmbeddedWindow
    entries: tuple[Entry, ...]


@dataclass(slots=True, eq=False)
class _Lane:
    passed_s: float = -math.inf
    heard_s: float = 0.0
    is_open: bool = True


@dataclass(slots=True, eq=False)
class _Pending:
    embeddings: list[Embedding] = field(default_factory=list)
    ended: list[TrackEnd] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


class WindowJoin:
    """Joins messages. One thread; the time comes in with each call.

    Args:
        cameras: of the site; every one is waited for, from the start.
        window_s: length of a window, seconds of stream time; that of the workers.
        is_live: True if the cameras are live: nobody waits for one that was not heard of for `idle_after_s`.
        idle_after_s: wall time.
        last: number of the last window that has gone out before; None: none has.
        now_s: monotonic time.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        *,
        window_s: float,
        is_live: bool,
        idle_after_s: float,
        last: int | None,
        now_s: float,
    ) -> None:
        self._lanes = {camera: _Lane(heard_s=now_s) for camera in cameras}
        self._window_s = window_s
        self._is_live = is_live
        self._idle_after_s = idle_after_s
        self._next = -math.inf if last is None else last + 1
        self._pending: dict[int, _Pending] = {}
        self._late = _Pending()
        self._latest: dict[str, Entry] = {}
        """The last message of each worker that belongs to no window: it says how far the worker is, or that it has
        closed, and stays in the stream, so that a matcher that starts after the end knows that it is the end."""
        self._spent: list[Entry] = []

    @property
    def is_done(self) -> bool:
        """Every worker has closed, and every window has gone out."""
        return not self._pending and not self._late.entries and not any(lane.is_open for lane in self._lanes.values())

    def add(self, entry: Entry, message: Message, now_s: float) -> None:
        """Takes the next message of the stream."""
        if superseded := self._latest.pop(message.worker, None):
            self._spent.append(superseded)
        if message.embeddings or message.ended:
            pending = self._window_at(message.end_s)
            pending.embeddings += message.embeddings
            pending.ended += message.ended
            pending.entries.append(entry)
        else:
            self._latest[message.worker] = entry
        for camera in message.cameras:
            self._move(self._lanes[camera], message, now_s)

    def take(self, now_s: float) -> JoinedWindow | None:
        """What is late, or else the next window, if it is complete; those without anything in them are left out."""
        if self._late.entries:
            late, self._late = self._late, _Pending()
            return self._joined(int(self._next) - 1, late)
        first = min(self._pending, default=None)
        if first is None or self._passed_s(now_s) < (first + 1) * self._window_s:
            return None
        self._next = first + 1
        return self._joined(first, self._pending.pop(first))

    def take_spent(self) -> tuple[Entry, ...]:
        """Messages that say nothing any more, because their worker has said more since."""
        spent, self._spent = tuple(self._spent), []
        return spent

    def _joined(self, number: int, pending: _Pending) -> JoinedWindow:
        window = EmbeddedWindow(
            end_s=(number + 1) * self._window_s,
            embeddings=tuple(sorted(pending.embeddings, key=lambda e: (*_order(e), e.part))),
            ended=tuple(sorted(pending.ended, key=_order)),
        )
        return JoinedWindow(number, window, (*pending.entries, *self.take_spent()))

    def _window_at(self, end_s: float) -> _Pending:
        number = round(end_s / self._window_s) - 1
        return self._late if number < self._next else self._pending.setdefault(number, _Pending())

    def _move(self, lane: _Lane, message: Message, now_s: float) -> None:
        lane.heard_s = now_s
        lane.is_open = message.progress != "closed"
        if message.progress == "whole":
            lane.passed_s = max(lane.passed_s, message.end_s)

    def _passed_s(self, now_s: float) -> float:
        """Every camera that is waited for has passed this time."""
        awaited = (
            lane.passed_s
            for lane in self._lanes.values()
            if lane.is_open and not (self._is_live and now_s - lane.heard_s > self._idle_after_s)
        )
        return min(awaited, default=math.inf)


def _order(stretch: Embedding | TrackEnd) -> tuple[float, str, str, int]:
    """(cut_s, track), laid out: records within tuples compare by methods of Python, much slower."""
    return stretch.cut_s, stretch.track.camera, stretch.track.run, stretch.track.track
