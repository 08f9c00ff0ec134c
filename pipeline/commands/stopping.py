"""SIGTERM, SIGINT and SIGHUP: an end of file for every camera, at any moment, never a lost event."""

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StopSignal:
    """Hears the signals while it is entered, in the main thread, and passes the first one on.

    Python runs a handler in the middle of whatever the main thread does, perhaps with a lock in its hand. So the
    handler only puts into a queue, which may interrupt itself, and a thread of its own calls who is to stop.
    """

    def __init__(self) -> None:
        self._heard: SimpleQueue[int | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_set = False
        self._stop: Callable[[], None] = _nobody_yet
        self._thread = threading.Thread(target=self._pass_on, name="signals", daemon=True)

    def is_set(self) -> bool:
        """Whether a signal has come."""
        return self._is_set

    def calls(self, stop: Callable[[], None]) -> None:
        """`stop` is called at the first signal, or at once if it has come already."""
        with self._lock:
            self._stop = stop
            if self._is_set:
                stop()

    def __enter__(self) -> Self:
        self._thread.start()
        # What is ignored stays so: nohup and shells say it of who is to go on without a terminal.
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._hear) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._heard.put(None)
        self._thread.join()

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        self._heard.put(number)

    def _pass_on(self) -> None:
        while self._heard.get() is not None:
            with self._lock:
                self._is_set = True
                self._stop()


def _nobody_yet() -> None:
    """Nothing runs yet; who comes later asks."""
