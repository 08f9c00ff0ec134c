"""The pace of frames: several together, prefetched; only the newest of a live camera; only so many per second."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

from pipeline.records import Frame
from pipeline.sources.slot import Item, Slot
from pipeline.sources.source import ChunkSource, DropCause, FrameDropped, FrameSource, SourceObserver, report

# How often a consumer without frames looks up; the source's own time-outs decide how long it waits.
_LOOK_UP_S = 1.0
# Cameras are not punctual: a frame this share of an interval early still counts as due.
_EARLY_SHARE = 0.25
# A chunk is full with whichever comes first: four images of 768x576 are 5 MB, two of 1920x1080 are 12.
_CHUNK_FRAMES = 4
_CHUNK_BYTES = 8 << 20


class Chunks:
    """The frames of a source, a few at a time: what decoding needs then lies in the caches, and threads wake each other
    less often. A `ChunkSource`; drops nothing.
    """

    def __init__(self, source: FrameSource, *, most_frames: int = _CHUNK_FRAMES) -> None:
        """Owns `source` from now on, and closes it.

        Args:
            source: of a recording; of a live camera only with chunks of one frame, which wait for nothing.
            most_frames: in a chunk; large images make it smaller.
        """
        self._source = source
        self._most_frames = most_frames

    def __iter__(self) -> Iterator[list[Frame]]:
        rest = iter(self._source)
        while True:
            chunk, error = self._read(rest)
            if chunk:
                yield chunk
            if error is not None:
                raise error
            if not chunk:
                return

    def close(self) -> None:
        self._source.close()

    def _read(self, rest: Iterator[Frame]) -> tuple[list[Frame], BaseException | None]:
        """A chunk, and what the source raised behind it."""
        chunk: list[Frame] = []
        try:
            for frame in rest:
                chunk.append(frame)
                if len(chunk) == self._most_frames or len(chunk) * frame.image.nbytes >= _CHUNK_BYTES:
                    break
        except BaseException as error:  # noqa: BLE001 (the one who takes raises it)
            return chunk, error
        return chunk, None


class Prefetch:
    """Reads a recording in a thread of its own, a chunk ahead: decoding goes on while the detector works.

    A `ChunkSource`; drops nothing.
    """

    def __init__(self, source: ChunkSource) -> None:
        """Owns `source` from now on, and closes it."""
        self._source = source
        self._slot: Slot[list[Frame]] = Slot()

    def __iter__(self) -> Iterator[list[Frame]]:
        threading.Thread(target=self._read, name="prefetch", daemon=True).start()
        try:
            while (chunk := _next(self._slot)) is not None:
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        self._slot.close()
        self._source.close()

    def _read(self) -> None:
        error = None
        try:
            for chunk in self._source:
                if not self._slot.put(chunk):
                    return
        except BaseException as failure:  # noqa: BLE001 (the one who takes raises it)
            error = failure
        self._slot.finish(error)


class DropOldest:
    """The newest frame of a live source: what a slow consumer does not take in time is dropped, and counted as late.

    A `FrameSource`. The source runs in a thread of its own from the first frame asked for until `close`.
    """

    def __init__(self, source: FrameSource, *, observers: Sequence[SourceObserver] = ()) -> None:
        """Owns `source` from now on, and closes it."""
        self._source = source
        self._observers = observers
        self._slot: Slot[Frame] = Slot()

    def __iter__(self) -> Iterator[Frame]:
        threading.Thread(target=self._read, name="drop-oldest", daemon=True).start()
        try:
            while (frame := _next(self._slot)) is not None:
                yield frame
        finally:
            self.close()

    def close(self) -> None:
        self._slot.close()
        self._source.close()

    def _read(self) -> None:
        try:
            for frame in self._source:
                late = self._slot.replace(frame)
                if late is not None:
                    report(self._observers, FrameDropped(late.camera, DropCause.LATE))
            self._slot.finish()
        except BaseException as error:  # noqa: BLE001 (the one who takes raises it)
            self._slot.finish(error)


class RateLimit:
    """At most so many frames per second, by the frames' own times: the same frames of a file at every run.

    A `FrameSource`. Over time the rate holds exactly, also where it does not divide the source's: 30 to 20 takes two of
    three. The frames left out are counted as `rate`.
    """

    def __init__(self, source: FrameSource, max_fps: float, *, observers: Sequence[SourceObserver] = ()) -> None:
        """Owns `source` from now on, and closes it.

        Raises:
            ValueError: if the rate is not positive.
        """
        if not max_fps > 0:
            raise ValueError(f"max_fps must be more than 0 frames per second, found {max_fps}")
        self._source = source
        self._interval_s = 1 / max_fps
        self._observers = observers

    def __iter__(self) -> Iterator[Frame]:
        due_s = float("-inf")
        for frame in self._source:
            if frame.time_s < due_s - _EARLY_SHARE * self._interval_s:
                report(self._observers, FrameDropped(frame.camera, DropCause.RATE))
                continue
            is_in_step = frame.time_s < due_s + self._interval_s
            due_s = (due_s if is_in_step else frame.time_s) + self._interval_s
            yield frame

    def close(self) -> None:
        self._source.close()


def _next(slot: Slot[Item]) -> Item | None:
    while True:
        with suppress(TimeoutError):
            return slot.take(_LOOK_UP_S)
