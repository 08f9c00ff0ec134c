"""A place for one item between two threads, so that neither can hang the other."""

import threading
import time
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Slot(Generic[Item]):
    """One producer puts or replaces, one consumer takes; either may leave at any time.

    The producer leaves with `finish`: the consumer gets the item that still lies there, then the end or the error. The
    consumer leaves with `close`, from any thread: every call returns at once from then on.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: Item | None = None
        self._is_finished = False
        self._is_closed = False
        self._error: BaseException | None = None

    def put(self, item: Item) -> bool:
        """Waits until the slot is empty. Returns whether anyone is there to take it; if not, the producer may go.

        The wait has no limit of its own: it is the consumer's pressure on the producer, and ends with `close`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is None or self._is_closed)
            self._lay(item)
            return not self._is_closed

    def replace(self, item: Item) -> Item | None:
        """Puts without waiting. Returns the item that it took the place of."""
        with self._changed:
            replaced = self._item
            self._lay(item)
            return replaced

    def finish(self, error: BaseException | None = None) -> None:
        """No item will come any more; `error` is what the consumer is to hear."""
        with self._changed:
            self._is_finished = True
            self._error = error
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Item | None:
        """The item, as soon as there is one; None at the end.

        Raises:
            TimeoutError: if nothing came within `timeout_s`.
            BaseException: what the producer finished with.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while self._item is None and not self._is_finished and not self._is_closed:
                if not self._changed.wait(deadline_s - time.monotonic()):
                    raise TimeoutError(f"nothing came within {timeout_s:g} s")
            item, self._item = self._item, None
            self._changed.notify_all()
            if item is None and self._error is not None and not self._is_closed:
                raise self._error
            return item

    def close(self) -> None:
        """The consumer has gone."""
        with self._changed:
            self._is_closed = True
            self._item = None
            self._changed.notify_all()

    def _lay(self, item: Item) -> None:
        if not self._is_closed:
            self._item = item
            self._changed.notify_all()
