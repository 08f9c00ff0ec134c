"""The socket of everything that events are written to."""

from typing import Protocol

from passerby_events.schema import Event


class EventSink(Protocol):
    """Takes events, in order, from one thread at a time."""

    def publish(self, event: Event) -> None:
        """Accepts one event; it is safe once `flush` or `close` has returned.

        Raises:
            EventTooLargeError: if an event is larger than what is taken: others are taken, by a new sink.
            EventsRefusedError: if none will ever be taken, until somebody does what it says.
            EventsError: if an event, this one or an earlier one, cannot be delivered. What was published since the
                last `flush` that returned may or may not have arrived: send it again, in order, to a new sink.
        """
        ...

    def flush(self) -> None:
        """Returns when all that was published is delivered: whoever handed it over may forget it.

        Raises:
            EventsError: if an event cannot be delivered.
        """
        ...

    def close(self) -> None:
        """Returns when all that was published is delivered; calling it again does nothing."""
        ...
