"""Who listens to sources in tests."""

from collections import Counter

from pipeline.sources.errors import ErrorCode
from pipeline.sources.source import DropCause, SourceState


class DropCounter:
    """Counts drops; a `SourceListener`."""

    def __init__(self) -> None:
        self.drops: Counter[DropCause] = Counter()

    def entered(self, camera: str, state: SourceState, error: ErrorCode | None) -> None:
        pass

    def dropped(self, camera: str, cause: DropCause) -> None:
        self.drops[cause] += 1
