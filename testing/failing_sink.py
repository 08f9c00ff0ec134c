"""A sink whose broker is away."""

from pipeline.events.schema import Event
from pipeline.events.sink import EventSinkError


class FailingSink:
    """Takes events and then cannot say that they are delivered."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        raise EventSinkError("no broker")

    def close(self) -> None:
        raise EventSinkError("no broker")
