"""Who observes sources in tests."""

from collections import Counter

from pipeline.sources.source import DropCause, FrameDropped, SourceChanged


class DropCounter:
    """Counts drops; a `SourceObserver`."""

    def __init__(self) -> None:
        self.drops: Counter[DropCause] = Counter()

    def __call__(self, what: SourceChanged | FrameDropped) -> None:
        if isinstance(what, FrameDropped):
            self.drops[what.cause] += 1
