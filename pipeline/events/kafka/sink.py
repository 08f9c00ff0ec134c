"""Events to a Kafka topic: keyed by person, acknowledged by every replica in sync, in order. A merge or split concerns
two persons, and is sent under both.

Within one sink the producer never gives a message up, and has one request under way per partition: what reaches a
partition is always a beginning of what was published to it. So whoever sends everything unacknowledged again, in
order, makes duplicates and never a gap or another order. `deliver_within_s` is kept here, not by the producer, which
would give up single batches and then deliver later ones.
"""

from collections import deque
from collections.abc import Callable
from typing import Self
from uuid import UUID

from kafka.errors import KafkaError
from kafka.producer.future import FutureRecordMetadata

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError, EventsRefusedError
from passerby_events.producer import abort, open_producer_for
from passerby_events.refusals import refusal
from passerby_events.schema import Event
from pipeline.events.cloudevents import CONTENT_TYPE, attributes

LOOK_S = 3.0
"""How long to look, after nothing was acknowledged, whether the topic is still there."""
MOST_WAITING = 5000
"""Messages without an acknowledgement; at a few kilobytes each, what the producer holds stays below 20 MB."""


class KafkaSink:
    """Publishes events to one topic, as CloudEvents."""

    def __init__(self, brokers: Brokers, topic: str, *, deliver_within_s: float = 30.0) -> None:
        """As `KafkaWriter`, whose errors and times are its own."""
        self._writer = KafkaWriter(brokers, topic, deliver_within_s=deliver_within_s)

    def publish(self, event: Event) -> None:
        for person in _concerned(event):
            self._writer.write(str(person).encode(), event.model_dump_json().encode(), _headers(event))

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _headers(event: Event) -> list[tuple[str, bytes]]:
    about = [(f"ce_{name}", value.encode()) for name, value in attributes(event).items()]
    return [*about, ("content-type", CONTENT_TYPE.encode())]


def _concerned(event: Event) -> list[UUID]:
    """Whose partitions an event goes to: a merge or split concerns two persons, and who reads one of them must hear
    it.
    """
    if event.kind == "person.merged" or event.kind == "person.split":
        return [event.person, event.other]
    return [event.person]


class KafkaWriter:
    """Writes messages to one topic, in order; from one thread. `EventSink` says what `flush` and `close` promise."""

    def __init__(self, brokers: Brokers, topic: str, *, deliver_within_s: float) -> None:
        """Connects, and looks whether the topic is there.

        Args:
            brokers: how to reach Kafka.
            topic: must exist; `reid-pipeline topics create` makes it.
            deliver_within_s: each call gives up when the brokers have acknowledged nothing for this long.

        Raises:
            EventsRefusedError: if the topic is not there, or we may not write to it.
            EventsError: if no broker answers in that time.
        """
        self._brokers = brokers
        self._topic = topic
        self._deliver_within_s = deliver_within_s
        self._waiting: deque[FutureRecordMetadata] = deque()
        self._failure: EventsError | None = None
        self._is_open = True
        self._producer = open_producer_for(brokers, topic, within_s=deliver_within_s)

    def write(self, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """Hands one message to the producer; waits only while `MOST_WAITING` are without an acknowledgement."""
        self._check()
        try:
            self._waiting.append(self._producer.send(self._topic, key=key, value=value, headers=headers))
        except KafkaError as error:
            self._give_up(error)
        self._collect(lambda: len(self._waiting) > MOST_WAITING)

    def flush(self) -> None:
        self._check()
        self._collect(lambda: True)

    def close(self) -> None:
        if self._failure:
            raise self._failure
        if self._is_open:
            self.flush()
            self._is_open = False
            self._producer.close(timeout=self._deliver_within_s)

    def _check(self) -> None:
        if self._failure:
            raise self._failure
        if not self._is_open:
            raise EventsError("the sink is closed")

    def _collect(self, must_wait: Callable[[], bool]) -> None:
        """Looks at every future, oldest first; waits for the oldest while `must_wait` says so."""
        while self._waiting and (self._waiting[0].is_done or must_wait()):
            try:
                self._waiting[0].get(timeout=self._deliver_within_s)
            except KafkaError as error:
                self._give_up(error)
            self._waiting.popleft()

    def _give_up(self, error: KafkaError) -> None:
        """Nothing that waits may still go out afterwards: it would overtake what the caller sends again.

        Raises:
            EventsError: always.
        """
        abort(self._producer)
        self._failure = self._reason(error)
        raise self._failure from error

    def _reason(self, error: KafkaError) -> EventsError:
        to, left = f"topic {self._topic} at {self._brokers}", len(self._waiting)
        if refused := refusal(f"an event for {to}", error) or self._look():
            return refused
        return EventsError(
            f"expected {to} to acknowledge events within {self._deliver_within_s:g} s, "
            f"found {error} with {left} waiting; are the brokers up? what waits must be sent again"
        )

    def _look(self) -> EventsRefusedError | None:
        """The producer waits for a topic that was deleted as it waits for a broker, and does not say which."""
        try:
            abort(open_producer_for(self._brokers, self._topic, within_s=min(LOOK_S, self._deliver_within_s)))
        except EventsRefusedError as refused:
            return refused
        except EventsError:
            return None
        return None
