"""Events in a list, for tests and for programs that embed the pipeline."""

from pipeline.events.schema import IdentityEvent
from pipeline.events.sink import EventSinkError


class MemorySink:
    """Keeps what was published in `events`."""

    def __init__(self) -> None:
        self.events: list[IdentityEvent] = []
        self._is_open = True

    def publish(self, event: IdentityEvent) -> None:
        if not self._is_open:
            raise EventSinkError("the sink is closed")
        self.events.append(event)

    def flush(self) -> None:
        if not self._is_open:
            raise EventSinkError("the sink is closed")

    def close(self) -> None:
        self._is_open = False
