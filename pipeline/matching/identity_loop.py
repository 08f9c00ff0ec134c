"""The identity loop: windows of embeddings become persons and events."""

import time
from collections.abc import Callable, Iterable

from pipeline.matching.matcher import Matcher, WindowOutcome
from pipeline.records import EmbeddedWindow


def run_identity_loop(
    windows: Iterable[EmbeddedWindow],
    matcher: Matcher,
    *,
    watch: Callable[[EmbeddedWindow, WindowOutcome, float], None] | None = None,
) -> None:
    """Decides window after window until there are no more.

    Args:
        windows: in order of time.
        matcher: decides and commits.
        watch: called with each window, what became of it, and the wall time that took in seconds.
    """
    for window in windows:
        started_s = time.perf_counter()
        outcome = matcher.step(window)
        if watch:
            watch(window, outcome, time.perf_counter() - started_s)
