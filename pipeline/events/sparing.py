"""A sink that leaves out what is too large, so that one event does not end a run."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from passerby_events.errors import EventsError, EventTooLargeError
from passerby_events.schema import Event
from pipeline.events.sink import EventSink

logger = logging.getLogger(__name__)

MOST_KEPT = 500
"""Events that may have to be sent again; then it is asked whether they are delivered."""


@dataclass(frozen=True, slots=True)
class EventLeftOut:
    """An event is too large for whoever takes events."""

    event: Event


class SparingSink:
    """Publishes to a sink, and to a new one what the first did not take because of an event among it.

    What was published since the last flush is sent again then, one by one: consumers know by its id what they have.

    Args:
        open_sink: makes a sink; the first at once.
        observers: are told of each event that is left out.
    """

    def __init__(
        self, open_sink: Callable[[], EventSink], observers: Sequence[Callable[[EventLeftOut], None]] = ()
    ) -> None:
        self._open_sink = open_sink
        self._observers = observers
        self._sink = open_sink()
        self._kept: list[Event] = []

    def publish(self, event: Event) -> None:
        try:
            self._sink.publish(event)
        except EventTooLargeError:
            self._send_again([*self._kept, event])
            return
        self._kept.append(event)
        if len(self._kept) >= MOST_KEPT:
            self.flush()

    def flush(self) -> None:
        try:
            self._sink.flush()
        except EventTooLargeError:
            self._send_again(self._kept)
        self._kept = []

    def close(self) -> None:
        if self._kept:
            self.flush()
        self._sink.close()

    def _send_again(self, events: Sequence[Event]) -> None:
        """One by one, so that it is known which is too large."""
        self._kept = []
        self._renew()
        for event in events:
            try:
                self._sink.publish(event)
                self._sink.flush()
            except EventTooLargeError as error:
                logger.warning("event %s of person %s is left out: %s", event.event_id, event.person, error)
                for observer in self._observers:
                    observer(EventLeftOut(event))
                self._renew()

    def _renew(self) -> None:
        """A sink that has refused an event takes nothing more."""
        with suppress(EventsError):
            self._sink.close()
        self._sink = self._open_sink()
