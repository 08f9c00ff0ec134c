"""Events from a Kafka topic, for whoever acts on them: typed, each once, and nothing lost.

    with DeadLetters(brokers) as letters, EventConsumer(brokers, group="doors", dead_letter=letters.put) as events:
        for event in events:
            ...

What is promised, and what is not, stands in docs/events.md.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from types import TracebackType
from typing import Self

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import CommitFailedError, KafkaError, KafkaTimeoutError, RebalanceInProgressError
from pydantic import ValidationError

from passerby_events.brokers import Brokers
from passerby_events.dead_letters import DeadLetter
from passerby_events.errors import EventsError, EventsRefusedError
from passerby_events.recent_ids import RecentIds
from passerby_events.refusals import unreachable
from passerby_events.schema import Event, event_from, first_fault, newer_kind
from passerby_events.topics import EVENTS, require_topic

logger = logging.getLogger(__name__)

REMEMBERED = 50_000
"""Ids, 14 MB: ten times what one sink can have under way, and so sends twice after a crash."""
BATCH = 100
"""Messages between two commits. Handling them must take less than Kafka's five minutes, or others get the work."""
POLL_MS = 500
COMMIT_S = 3.0
"""For one try to report what was handled, while there is more to read; the next one follows."""
LOOK_EVERY_S = 5.0
"""Whether the topic is still there, for who has none of its partitions; each look connects anew."""
LOOK_S = 2.0
"""For the look; brokers that take longer are waited for, as ever."""


class EventConsumer:
    """Iterates over the events of a topic, in order for each person; from one thread.

    An event counts as handled when the next one is asked for, or when the `with` ends without an exception. What was
    handled is reported to Kafka after every `BATCH` messages and at the end; what was not comes again after a restart.

    Attributes:
        passed_over: how many events came of kinds that this version does not know: a newer Passerby wrote them.
    """

    def __init__(
        self,
        brokers: Brokers,
        topic: str = EVENTS,
        *,
        group: str | None,
        dead_letter: Callable[[DeadLetter], None],
        from_beginning: bool = True,
        idle_s: float | None = None,
        within_s: float = 30.0,
    ) -> None:
        """Connects, and looks whether the topic is there.

        Args:
            brokers: how to reach Kafka.
            topic: to read.
            group: consumers of one group share the partitions, and go on where it stopped; None to read all of them
                and leave no trace.
            dead_letter: takes messages that are no events; what it raises ends the iteration, with that message unread.
            from_beginning: where a group starts that was never here: with the oldest event, or with the next.
            idle_s: end the iteration when nothing came for this long; None to wait for ever, through outages too.
            within_s: give up on connecting, and on reporting what was handled, after this long.

        Raises:
            EventsError: if no broker answers in that time, it refuses us, or the topic is not there.
        """
        require_topic(brokers, topic, within_s=within_s)
        self._consumer = _open_consumer(brokers, group, from_beginning=from_beginning, within_s=within_s)
        self._consumer.subscribe([topic])
        self._brokers = brokers
        self._topic = topic
        self._commits = group is not None
        self._dead_letter = dead_letter
        self._idle_s = idle_s
        self._within_s = within_s
        self.passed_over = 0
        self._seen = RecentIds(REMEMBERED)
        self._erased = RecentIds(REMEMBERED)
        self._batch: deque[ConsumerRecord] = deque()
        self._handling: ConsumerRecord | None = None
        self._handled: dict[TopicPartition, OffsetAndMetadata] = {}

    def __iter__(self) -> Iterator[Event]:
        """Raises EventsError if the brokers refuse us, or the topic was deleted; while they are away it waits."""
        while (message := self._next()) is not None:
            event = self._read(message)
            self._handling = self._batch.popleft()
            if event and self._seen.add(event.event_id) and not self._is_of_erased(event):
                yield event

    def close(self) -> None:
        """Reports to Kafka what was handled, and leaves the group; calling it again does nothing.

        Raises:
            EventsError: if that could not be reported, so that these events will come again.
        """
        try:
            with suppress(RebalanceInProgressError):
                self._commit(self._within_s)
        except KafkaTimeoutError as error:
            raise unreachable(self._brokers, self._within_s, error) from error
        finally:
            self._handled.clear()
            self._consumer.close(autocommit=False, timeout_ms=round(self._within_s * 1000))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self.close()

    def _next(self) -> ConsumerRecord | None:
        """The message that is to be handled now; None if nothing came for `idle_s`. Whatever was before is handled."""
        self._finish()
        heard_s = looked_s = time.monotonic()
        while not self._batch:
            try:
                self._commit_if_possible()
                found = self._consumer.poll(timeout_ms=POLL_MS, max_records=BATCH)
            except KafkaError as error:
                raise EventsError(f"could not read events at {self._brokers}: {error}") from error
            self._batch.extend(chain.from_iterable(found.values()))
            if not self._consumer.assignment():
                heard_s = time.monotonic()
                if heard_s - looked_s >= LOOK_EVERY_S:
                    self._look_for_topic()
                    looked_s = time.monotonic()
            elif not self._batch and self._idle_s is not None and time.monotonic() - heard_s >= self._idle_s:
                return None
        return self._batch[0]

    def _look_for_topic(self) -> None:
        """Who has no partitions may wait for others of the group to leave some, or for a topic that was deleted.

        Raises:
            EventsRefusedError: if it was.
        """
        try:
            # First with a client that leaves nothing behind where nobody answers, as that for topics does (3.0.12).
            _open_consumer(self._brokers, None, from_beginning=False, within_s=LOOK_S).close(autocommit=False)
            require_topic(self._brokers, self._topic, within_s=LOOK_S)
        except EventsRefusedError:
            raise
        except EventsError:
            return

    def _read(self, message: ConsumerRecord) -> Event | None:
        try:
            return event_from(message.value or b"")
        except ValidationError as error:
            if kind := newer_kind(message.value or b""):
                self._pass_over(kind)
            else:
                self._dead_letter(_letter(message, f"expected an event of schema v1, found {first_fault(error)}"))
        return None

    def _pass_over(self, kind: str) -> None:
        if not self.passed_over:
            logger.warning(
                "an event of kind %.60s is passed over, as all will be of kinds that only a newer "
                "passerby-events knows: upgrade",
                kind,
            )
        self.passed_over += 1

    def _is_of_erased(self, event: Event) -> bool:
        """Whether an event is about somebody whose erasure was handed out: a relay that was frozen comes late."""
        if event.kind == "person.erased":
            self._erased.add(event.person)
            return False
        return event.person in self._erased

    def _finish(self) -> None:
        """What was being handled is handled."""
        if self._handling is not None:
            place = TopicPartition(self._handling.topic, self._handling.partition)
            self._handled[place] = OffsetAndMetadata(self._handling.offset + 1, "", -1)
            self._handling = None

    def _commit_if_possible(self) -> None:
        """While the brokers are away, or share the work out anew, nothing new comes: the next poll reports it."""
        with suppress(KafkaTimeoutError, RebalanceInProgressError):
            self._commit(min(COMMIT_S, self._within_s))

    def _commit(self, within_s: float) -> None:
        """Others of the group that took over a partition of ours get what we did not commit in time once more."""
        ours = self._consumer.assignment()
        offsets = {place: offset for place, offset in self._handled.items() if place in ours}
        if self._commits and offsets:
            with suppress(CommitFailedError):
                self._consumer.commit(offsets, timeout_ms=round(within_s * 1000))
        self._handled.clear()


def _letter(message: ConsumerRecord, reason: str) -> DeadLetter:
    return DeadLetter(message.topic, message.partition, message.offset, message.key, message.value, reason)


def _open_consumer(brokers: Brokers, group: str | None, *, from_beginning: bool, within_s: float) -> KafkaConsumer:
    try:
        return KafkaConsumer(
            **brokers.options(),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest" if from_beginning else "latest",
            isolation_level="read_committed",
            bootstrap_timeout_ms=round(within_s * 1000),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
    except (KafkaError, OSError) as error:
        raise unreachable(brokers, within_s, error) from error
