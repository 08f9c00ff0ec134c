"""Events to several sinks at once."""

from collections.abc import Sequence
from contextlib import ExitStack

from passerby_events.schema import Event
from pipeline.events.sink import EventSink


class FanoutSink:
    """Hands each event to all sinks, in their order; it is delivered when all of them have delivered it.

    A sink that fails fails the whole: what is sent again to a new one, others may then have twice.

    Args:
        sinks: closed with it.
    """

    def __init__(self, sinks: Sequence[EventSink]) -> None:
        self._sinks = tuple(sinks)

    def publish(self, event: Event) -> None:
        for sink in self._sinks:
            sink.publish(event)

    def flush(self) -> None:
        for sink in self._sinks:
            sink.flush()

    def close(self) -> None:
        with ExitStack() as closing:
            for sink in reversed(self._sinks):
                closing.callback(sink.close)
