"""Something done every few seconds in a thread of its own."""

import threading
from abc import ABC, abstractmethod
from typing import Self


class RegularThread(ABC):
    """Does it again and again while it is entered; leaving waits for what is being done.

    Args:
        name: of the thread.
        every_s: between the end of one and the beginning of the next.
        at_once: whether the first begins with the thread, and not `every_s` later.
    """

    def __init__(self, name: str, every_s: float, *, at_once: bool = False) -> None:
        self._every_s = every_s
        self._at_once = at_once
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    @abstractmethod
    def act(self) -> None:
        """Does it once."""

    def end(self) -> None:
        """From within `act`: it is not done again."""
        self._is_over.set()

    def _run(self) -> None:
        if self._at_once:
            self.act()
        while not self._is_over.wait(self._every_s):
            self.act()
