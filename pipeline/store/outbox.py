"""Delivers the events of the outbox: an event is forgotten only after the sink has said that it is delivered."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from passerby_events.schema import Event, event_from
from pipeline.events.sink import EventSink
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import OUTBOX
from pipeline.store.outage import Outage
from pipeline.store.scripts import DEAD_LETTERS_BYTES, NOTE_LENGTH, REFUSE_EVENT

logger = logging.getLogger(__name__)

RELAY_COUNT = 500
"""Events that are handed to the sink before it is asked whether they are delivered."""
Entry = tuple[bytes, dict[bytes, bytes]]
"""Of the outbox: its id, and its fields."""
POLL_S = 0.02
RETRY_S = 1.0
"""After a sink has failed, and before a new one is tried."""


@dataclass(frozen=True, slots=True)
class EventDelivered:
    """An event is where it belongs."""

    event: Event


@dataclass(frozen=True, slots=True)
class SinkFailed:
    """A sink failed, and is given up."""

    error: EventsError


@dataclass(frozen=True, slots=True)
class EventDeadLettered:
    """An event is too large for whoever takes events: it lies among the dead letters.

    Attributes:
        event: it.
        dropped: letters of before that made room for it.
    """

    event: Event
    dropped: int = 0


RelayNews = EventDelivered | SinkFailed | EventDeadLettered


class OutboxRelay:
    """Relays in a thread of its own until it is closed; what it could not deliver stays in the outbox.

    An event that is too large goes to the dead letters, so that the others get through. Any other refusal ends the
    thread at once: waiting does not mend it.

    Args:
        open_sink: makes a sink, in that thread; a new one after each failure, to which all that was not known to be
            delivered is sent again.
        patience_s: how long to try while nothing can be delivered. A Redis that cannot be reached ends the thread:
            the matcher's term ends with it.
        observers: are told, in that thread, of each event that was delivered and each sink that failed.
    """

    def __init__(
        self,
        store: SiteStore,
        open_sink: Callable[[], EventSink],
        *,
        patience_s: float,
        observers: Sequence[Callable[[RelayNews], None]] = (),
    ) -> None:
        self._store = store
        self._open_sink = open_sink
        self._patience_s = patience_s
        self._observers = observers
        self._sink: EventSink | None = None
        self._is_closing = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises what the sink, or Redis, raised in the thread."""
        if self._fault is not None:
            raise self._fault

    def drain(self, ends_s: float) -> bool:
        """Waits until the outbox is empty, or the monotonic time has come; says whether it is."""
        while self._store.length(OUTBOX):
            self.check()
            if time.monotonic() > ends_s:
                return False
            time.sleep(POLL_S)
        return True

    def close(self) -> None:
        """Ends the thread after the events that are under way, and closes the sink."""
        self._is_closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._relay_until_closed()
        except Exception as error:  # noqa: BLE001 - handed to `check`
            self._fault = error
        finally:
            self._close_sink()

    def _relay_until_closed(self) -> None:
        outage = Outage("whoever takes the events", self._patience_s)
        while not self._is_closing.is_set():
            try:
                if not self._step():
                    self._is_closing.wait(POLL_S)
                outage.worked()
            except EventsRefusedError:
                raise
            except EventsError as error:
                outage.failed(error)
                self._close_sink()
                self._report(SinkFailed(error))
                self._is_closing.wait(RETRY_S)

    def _step(self) -> int:
        entries = self._store.entries(OUTBOX, RELAY_COUNT)
        if not entries:
            return 0
        try:
            self._deliver(entries)
        except EventTooLargeError:
            self._close_sink()
            for entry in entries:
                self._deliver_alone(entry)
        return len(entries)

    def _deliver(self, entries: Sequence[Entry]) -> None:
        events = [_event(entry_id, fields) for entry_id, fields in entries]
        self._sink = self._sink or self._open_sink()
        for event in events:
            self._sink.publish(event)
        self._sink.flush()
        self._store.remove_entries(OUTBOX, [entry_id for entry_id, _ in entries])
        for event in events:
            self._report(EventDelivered(event))

    def _deliver_alone(self, entry: Entry) -> None:
        """So that it is known which event is too large."""
        try:
            self._deliver([entry])
        except EventTooLargeError as error:
            self._close_sink()
            entry_id, fields = entry
            event = _event(entry_id, fields)
            logger.warning("event %s of person %s is dead-lettered: %s", event.event_id, event.person, error)
            reason = str(error)[:NOTE_LENGTH]
            dropped = self._store.run(REFUSE_EVENT, [], [entry_id, DEAD_LETTERS_BYTES, reason, fields[b"event"]])
            self._report(EventDeadLettered(event, dropped))

    def _report(self, what: RelayNews) -> None:
        for observer in self._observers:
            observer(what)

    def _close_sink(self) -> None:
        """A sink that has failed may fail again here; what it holds is still in the outbox."""
        if self._sink is None:
            return
        with suppress(EventsError):
            self._sink.close()
        self._sink = None


def _event(entry_id: bytes, fields: dict[bytes, bytes]) -> Event:
    try:
        return event_from(fields.get(b"event", b""))
    except ValidationError as error:
        raise StoreError(
            f"outbox entry {entry_id.decode()}: expected an event of schema v1, found another thing; "
            "a newer Passerby may have written it: upgrade, or delete the entry"
        ) from error
