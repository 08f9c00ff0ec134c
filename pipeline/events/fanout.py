"""Events to several sinks at once."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from uuid import UUID

from passerby_events.errors import EventsError
from passerby_events.recent_ids import RecentIds
from passerby_events.schema import Event
from pipeline.events.sink import EventSink

REMEMBERED = 10_000
"""Ids that each sink has delivered: more than anybody has under way, and so sends again."""


class FanoutSink:
    """Hands each event to all sinks, in their order; it is delivered when all of them have delivered it.

    A sink that fails fails the whole, after the others have done what they could. What is sent again to a new one,
    others may then have twice, unless each of them is a `ResumedSink`.

    Args:
        sinks: closed with it.
    """

    def __init__(self, sinks: Sequence[EventSink]) -> None:
        self._sinks = tuple(sinks)

    def publish(self, event: Event) -> None:
        _do_all(partial(sink.publish, event) for sink in self._sinks)

    def flush(self) -> None:
        _do_all(sink.flush for sink in self._sinks)

    def close(self) -> None:
        _do_all(sink.close for sink in reversed(self._sinks))


class ResumedSink:
    """Passes over what an earlier sink to the same place has delivered.

    Args:
        sink: closed with it.
        delivered: to that place; kept from sink to sink by who opens them.
    """

    def __init__(self, sink: EventSink, delivered: RecentIds) -> None:
        self._sink = sink
        self._delivered = delivered
        self._under_way: list[UUID] = []

    def publish(self, event: Event) -> None:
        if event.event_id not in self._delivered:
            self._sink.publish(event)
            self._under_way.append(event.event_id)

    def flush(self) -> None:
        self._sink.flush()
        self._note()

    def close(self) -> None:
        self._sink.close()
        self._note()

    def _note(self) -> None:
        for each in self._under_way:
            self._delivered.add(each)
        self._under_way.clear()


class Fanout:
    """Opens several sinks as one, again after each failure; those that are well get nothing twice for one that is away.

    Args:
        openers: each makes a sink.
    """

    def __init__(self, openers: Sequence[Callable[[], EventSink]]) -> None:
        self._places = [(opener, RecentIds(REMEMBERED)) for opener in openers]

    def __call__(self) -> EventSink:
        """Raises EventsError if one of them cannot be opened."""
        with ExitStack() as unless_all_open:
            sinks = []
            for opener, delivered in self._places:
                sinks.append(ResumedSink(opener(), delivered))
                unless_all_open.callback(sinks[-1].close)
            unless_all_open.pop_all()
        return FanoutSink(sinks)


def _do_all(actions: Iterable[Callable[[], None]]) -> None:
    """Does each of them, whatever becomes of the others; raises the first failure."""
    failures = []
    for action in actions:
        try:
            action()
        except EventsError as error:
            failures.append(error)
    if failures:
        raise failures[0]
