"""What is known of a process's state.

Alive: the identity loop has come round within the last minute. Ready: the networks are loaded and every camera streams,
or has come to its end; a matcher is ready when it decides or stands by.
"""

import threading
import time
from collections.abc import Collection

STUCK_AFTER_S = 60.0
"""Longer than any window takes to encode and decide; a loop that rests this long will not come round again."""


class Health:
    """What is known of a process's state; any thread may tell and ask.

    Args:
        ready_states: the process is ready when its cameras are in these.
        needs_all: every camera must be; otherwise one is enough.
    """

    def __init__(self, ready_states: Collection[str] = ("streaming", "ended"), *, needs_all: bool = True) -> None:
        self._ready_states = frozenset(ready_states)
        self._needs_all = needs_all
        self._lock = threading.Lock()
        self._cameras: dict[str, str] = {}
        self._beat_s = time.monotonic()

    def beat(self) -> None:
        """The identity loop has come round, with or without work."""
        self._beat_s = time.monotonic()

    def camera(self, name: str, state: str) -> None:
        """A camera is in another state."""
        with self._lock:
            self._cameras[name] = state

    def cameras(self) -> dict[str, str]:
        with self._lock:
            return dict(self._cameras)

    def is_alive(self) -> bool:
        return time.monotonic() - self._beat_s < STUCK_AFTER_S

    def is_ready(self) -> bool:
        are_ready = [state in self._ready_states for state in self.cameras().values()]
        return self.is_alive() and any(are_ready) and (all(are_ready) or not self._needs_all)
