"""CPU slots: as many threads work with a network at a time as there are cores for.

A pass through a network fills the processor's caches with what is its own. Threads that interrupt each other find them
full of what others needed, and so does a process beside a process; who works by slots finds most of what it left
(docs/benchmarks.md says what that is worth). The threads of one process alone take none: they wait for the interpreter
anyway, and a core would stand idle meanwhile.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from detectors.detector import Detector
from reid_models.encoder import Encoder
from reid_runtime.card import ClipSpec


class BusyThreads(Protocol):
    """How many threads of each process work now, for all of them to see."""

    def __getitem__(self, place: int, /) -> int: ...

    def __setitem__(self, place: int, working: int, /) -> None: ...

    def __iter__(self) -> Iterator[int]: ...


@dataclass(frozen=True, slots=True, eq=False)
class CpuShare:
    """A process among those that share the cores.

    Attributes:
        at_once: how many threads of all of them are to work at a time.
        busy: theirs; shared memory, where there are several.
        place: in `busy`, this process's own.
    """

    at_once: int
    busy: BusyThreads
    place: int


def share_cpus(at_once: int | None, count: int) -> list[CpuShare | None]:
    """One for each process; none of them works by slots where `at_once` is None."""
    if at_once is None:
        return [None] * count
    busy = get_context("spawn").RawArray("i", count)
    return [CpuShare(at_once, busy, place) for place in range(count)]


class CpuSlots:
    """Lets the threads of one process work in the order in which they ask.

    One of them always may; more start where other processes leave room, as one whose cameras are ahead of the others
    and wait. Nobody is told of room elsewhere: it is seen when a slot of one's own is given back, a few frames later.
    So no process waits for another, and one that died takes nobody along.
    """

    def __init__(self, share: CpuShare) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for a slot, and gives it back. Not for who holds one."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    def waiting(self) -> int:
        """How many threads wait for a slot."""
        with self._lock:
            return len(self._waiting)

    def _begin(self) -> None:
        called = threading.Event()
        with self._lock:
            self._waiting.append(called)
            self._call()
        called.wait()

    def _end(self) -> None:
        with self._lock:
            self._share.busy[self._share.place] -= 1
            self._call()

    def _call(self) -> None:
        """Calls those who have waited the longest, as many as may work."""
        busy, place = self._share.busy, self._share.place
        while self._waiting and (busy[place] == 0 or sum(busy) < self._share.at_once):
            busy[place] += 1
            self._waiting.popleft().set()


class SlottedDetector:
    """Another detector, which works while a slot is held. A `Detector`."""

    def __init__(self, detector: Detector, slots: CpuSlots) -> None:
        self._detector = detector
        self._slots = slots

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`."""
        with self._slots.hold():
            return self._detector.detect(images)


class SlottedEncoder:
    """Another encoder, which works while a slot is held. An `Encoder`."""

    def __init__(self, encoder: Encoder, slots: CpuSlots) -> None:
        self._encoder = encoder
        self._slots = slots

    @property
    def clip(self) -> ClipSpec:
        """See `Encoder.clip`."""
        return self._encoder.clip

    @property
    def model_id(self) -> str:
        """See `Encoder.model_id`."""
        return self._encoder.model_id

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        with self._slots.hold():
            return self._encoder.encode(clips)
