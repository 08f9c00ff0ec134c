"""CPU slots: as many threads work at a time as there are cores for, each on a few frames.

A pass through a network fills the processor's caches with what is its own. Threads that interrupt each other find them
full of what others needed, and so does a process beside a process; who works by slots finds most of what it left
(docs/benchmarks.md says what that is worth). The threads of one process alone take none: they wait for the interpreter
anyway, and a core would stand idle meanwhile.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol


class CpuSlot(Protocol):
    """Called for each piece of work; what it returns is held as long as that takes."""

    def __call__(self) -> AbstractContextManager[None]: ...


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


def cpu_slot_of(share: CpuShare | None) -> CpuSlot:
    """What the threads of a process take, all of them the same."""
    return nullcontext if share is None else CpuSlots(share).hold


class CpuSlots:
    """Lets the threads of one process work in the order in which they ask.

    One of them always may; more start where other processes leave room, as one whose cameras are ahead of the others
    and wait. Nobody is told of room elsewhere: it is seen when a slot of one's own ends, a few frames later. So no
    process waits for another, and one that died takes nobody along.
    """

    def __init__(self, share: CpuShare) -> None:
        self._share = share
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for a slot, and gives it back. A `CpuSlot`; not to be taken by who has one."""
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
