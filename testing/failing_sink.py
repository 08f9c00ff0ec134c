"""A sink whose broker is away."""

from passerby_events.errors import EventsError
from passerby_events.schema import Event


class FailingSink:
    """Takes events and then cannot say that they are delivered."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        raise EventsError("no broker")

    def close(self) -> None:
        raise EventsError("no broker")
