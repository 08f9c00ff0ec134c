"""Events in a list, for tests and for programs that embed the pipeline."""

from passerby_events.errors import EventsError
from passerby_events.schema import Event, IdentityEvent, PersonErased


class MemorySink:
    """Keeps what was published.

    Attributes:
        events: what was learnt about persons.
        erasures: who was erased.
    """

    def __init__(self) -> None:
        self.events: list[IdentityEvent] = []
        self.erasures: list[PersonErased] = []
        self._is_open = True

    def publish(self, event: Event) -> None:
        if not self._is_open:
            raise EventsError("the sink is closed")
        if event.kind == "person.erased":
            self.erasures.append(event)
        else:
            self.events.append(event)

    def flush(self) -> None:
        if not self._is_open:
            raise EventsError("the sink is closed")

    def close(self) -> None:
        self._is_open = False
