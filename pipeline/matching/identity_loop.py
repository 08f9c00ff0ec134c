"""The identity loop: windows of embeddings become persons and events."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.matching.matcher import Matcher, WindowOutcome
from pipeline.records import EmbeddedWindow


@dataclass(frozen=True, slots=True, eq=False)
class DecidedWindow:
    """A window, what became of it, and the wall time that it took in seconds."""

    window: EmbeddedWindow
    outcome: WindowOutcome
    took_s: float


def run_identity_loop(
    windows: Iterable[EmbeddedWindow],
    matcher: Matcher,
    *,
    observers: Sequence[Callable[[DecidedWindow], None]] = (),
) -> None:
    """Decides window after window until there are no more.

    Args:
        windows: in order of time.
        matcher: decides and commits.
        observers: are told of each window after it was decided.
    """
    for window in windows:
        started_s = time.perf_counter()
        outcome = matcher.step(window)
        decided = DecidedWindow(window, outcome, time.perf_counter() - started_s)
        for observer in observers:
            observer(decided)
