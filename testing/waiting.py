"""Waiting for what is needed, instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
WITHIN_S = 60.0
"""More than any step needs, also on a loaded machine; a test that comes near it has failed."""


def until(
    found: Callable[[], Answer | None], what: str = "", *, within_s: float = WITHIN_S, pause_s: float = 0.01
) -> Answer:
    """Asks until the answer is neither None nor False, and returns it."""
    ends_s = time.monotonic() + within_s
    while not (answer := found()):
        assert time.monotonic() < ends_s, f"{what or 'what is waited for'}: not within {within_s} s"
        time.sleep(pause_s)
    return answer
