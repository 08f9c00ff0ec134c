"""Whose turn it is: as many threads work at a time as there are cores for, each on a few frames.

A pass through a network fills the processor's caches with what is its own. Threads that interrupt each other find them
full of what others needed, and so does a process beside a process; who works in turns finds most of what it left
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


class Turn(Protocol):
    """Called for each piece of work; what it returns is held as long as that takes."""

    def __call__(self) -> AbstractContextManager[None]: ...


class Board(Protocol):
    """How many threads of each process work now, for all of them to see."""

    def __getitem__(self, place: int, /) -> int: ...

    def __setitem__(self, place: int, working: int, /) -> None: ...

    def __iter__(self) -> Iterator[int]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A process among those that share the cores.

    Attributes:
        at_once: how many threads of all of them are to work at a time.
        board: theirs; shared memory, where there are several.
        place: on the board, this process's own.
    """

    at_once: int
    board: Board
    place: int


def seats(at_once: int | None, count: int) -> list[Seat | None]:
    """One for each process; none of them works in turns where `at_once` is None."""
    if at_once is None:
        return [None] * count
    board = get_context("spawn").RawArray("i", count)
    return [Seat(at_once, board, place) for place in range(count)]


def turn_of(seat: Seat | None) -> Turn:
    """What the threads of a process take, all of them the same."""
    return nullcontext if seat is None else Turns(seat).turn


class Turns:
    """Lets the threads of one process work in the order in which they ask.

    One of them always may; more start where other processes leave room, as one whose cameras are ahead of the others
    and wait. Nobody is told of room elsewhere: it is seen when a turn of one's own ends, a few frames later. So no
    process waits for another, and one that died takes nobody along.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn, and gives it back. A `Turn`; not to be taken by who has one."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    def waiting(self) -> int:
        """How many threads wait for a turn."""
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
            self._seat.board[self._seat.place] -= 1
            self._call()

    def _call(self) -> None:
        """Calls those who have waited the longest, as many as may work."""
        board, place = self._seat.board, self._seat.place
        while self._waiting and (board[place] == 0 or sum(board) < self._seat.at_once):
            board[place] += 1
            self._waiting.popleft().set()
