"""The matcher's end of channel 2: messages of all workers, joined into windows of stream time, as channel 1 does.

The workers' windows and these lie on one grid: a window goes out when every camera's worker has passed its end. What
a worker says of a window that has gone out already is late and goes out at once: it never waits for its worker, which
may have started a recording again, and may not write more before what it wrote is gone.
"""

import math
from collections.abc import Iterable, Sequence

from pipeline.ordering.windows import AssembledWindow, WindowAssembler
from pipeline.records import EmbeddedWindow, Embedding, StreamEntry
from pipeline.store.embedding_messages import EmbeddingMessage

MAX_LAG_S = 30.0
"""How far a live camera may be behind what is being written and still be waited for, seconds: longer than a worker
holds its frames, and as long as all others are silent if its clock is behind."""


class WindowJoin:
    """Joins messages. One thread; the time comes in with each call.

    Args:
        cameras: of the site; every one is waited for, from the start.
        window_s: length of a window, seconds of stream time; that of the workers.
        is_live: True if the cameras are live: nobody waits for one that was not heard of for `idle_after_s`.
        idle_after_s: wall time.
        decided_until_s: end of the last window that has gone out before; None: none has.
        now_s: monotonic time.
    """

    def __init__(
        self,
        cameras: Iterable[str],
        *,
        window_s: float,
        is_live: bool,
        idle_after_s: float,
        decided_until_s: float | None,
        now_s: float,
    ) -> None:
        self._window_s = window_s
        self._live_s = -math.inf
        """When the last message of a live site was written."""
        self._windows: WindowAssembler[Embedding] = WindowAssembler(
            cameras,
            window_s=window_s,
            is_live=is_live,
            idle_after_s=idle_after_s,
            now_s=now_s,
            last=None if decided_until_s is None else self._number(decided_until_s),
        )
        self._entries: dict[int, list[StreamEntry]] = {}
        """The messages of each window that has not gone out, in their order."""
        self._late: list[tuple[StreamEntry, EmbeddingMessage]] = []
        self._latest: dict[str, StreamEntry] = {}
        """The last message of each worker that belongs to no window: it says how far the worker is, or that it has
        closed, and stays in the stream, so that a matcher that starts after the end knows that it is the end."""
        self._spent: list[StreamEntry] = []

    @property
    def is_done(self) -> bool:
        """Every worker has closed, and every window has gone out."""
        return not self._late and self._windows.is_done

    def add(self, entry: StreamEntry, message: EmbeddingMessage, now_s: float, *, live_s: float | None = None) -> None:
        """Takes the next message of the stream.

        Args:
            now_s: monotonic time.
            live_s: of a live site: when the message was written, seconds since the epoch.
        """
        if live_s is not None:
            self._live_s = max(self._live_s, live_s)
            self._windows.awaited_from_s = self._live_s - MAX_LAG_S
        if superseded := self._latest.pop(message.worker, None):
            self._spent.append(superseded)
        if message.embeddings or message.ended:
            self._put(entry, message)
        else:
            self._latest[message.worker] = entry
        for camera in message.cameras:
            self._move(camera, message, now_s)

    def behind_s(self) -> dict[str, float]:
        """How far each camera of a live site is behind the time at which the last message was written."""
        if not math.isfinite(self._live_s):
            return {}
        return {camera: self._live_s - each_s for camera, each_s in self._windows.watermarks_s() if each_s > -math.inf}

    def silent(self, now_s: float, for_s: float) -> list[str]:
        """Cameras that are waited for and have not been heard of for so long."""
        return self._windows.silent(now_s, for_s)

    def take(self, now_s: float) -> EmbeddedWindow | None:
        """What is late, or else the next window, if it is complete; those without anything in them are left out."""
        if self._late:
            return self._take_late()
        complete = self._windows.take(now_s)
        return None if complete is None else self._with_entries(complete, self._entries.pop(complete.number))

    def take_spent(self) -> tuple[StreamEntry, ...]:
        """Messages that say nothing any more, because their worker has said more since."""
        spent, self._spent = tuple(self._spent), []
        return spent

    def _put(self, entry: StreamEntry, message: EmbeddingMessage) -> None:
        number = self._number(message.end_s)
        if self._windows.is_late(number):
            self._late.append((entry, message))
            return
        self._windows.put(number, message.embeddings, message.ended)
        self._entries.setdefault(number, []).append(entry)

    def _move(self, camera: str, message: EmbeddingMessage, now_s: float) -> None:
        if message.progress == "closed":
            self._windows.close(camera)
            return
        self._windows.open(camera, now_s)
        if message.progress == "whole":
            self._windows.raise_watermark(camera, message.end_s, now_s)

    def _take_late(self) -> EmbeddedWindow:
        late, self._late = self._late, []
        assert self._windows.last is not None, "nothing is late before a window has gone out"
        together = self._windows.assemble(
            self._windows.last,
            [embedding for _, message in late for embedding in message.embeddings],
            [end for _, message in late for end in message.ended],
        )
        return self._with_entries(together, [entry for entry, _ in late])

    def _with_entries(self, assembled: AssembledWindow[Embedding], entries: Sequence[StreamEntry]) -> EmbeddedWindow:
        return EmbeddedWindow(
            assembled.end_s, assembled.tracklets, assembled.ended, entries=(*entries, *self.take_spent())
        )

    def _number(self, end_s: float) -> int:
        """Of the window that ends there."""
        return round(end_s / self._window_s) - 1
