"""A broker that dies, or goes away for a while, under load: what was published is there afterwards, in order."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from itertools import islice
from random import Random
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest

from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import DeadLetter
from passerby_events.errors import EventsError
from passerby_events.schema import IdentityEvent
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.events import a_match
from testing.services.kafka import KafkaBroker
from testing.services.kafka_topics import events_at
from testing.waiting import until

pytestmark = pytest.mark.slow

PERSONS = 7
BEGINS_WITHIN_S = 60.0
"""A producer reaches the broker and delivers a batch."""
PATIENT_S = 180.0
"""Longer than a broker needs to start again, on a machine that is busy."""


def numbered(count: int) -> list[IdentityEvent]:
    return [
        a_match().model_copy(update={"event_id": UUID(int=i), "person": UUID(int=i % PERSONS)}) for i in range(count)
    ]


@pytest.fixture
def topic(kafka_broker: KafkaBroker) -> str:
    """A topic of this test's own at the broker that is to be killed."""
    name = f"outage.{uuid4().hex}"
    ensure_topic(kafka_broker.plain, name, TopicParams(partitions=4))
    return name


class Relay(Thread):
    """Publishes an outbox in batches, and forgets a batch when it is delivered; starts anew after a failure.

    Attributes:
        failures: how many sinks gave up, or could not be opened.
    """

    def __init__(
        self, brokers: Brokers, topic: str, outbox: Sequence[IdentityEvent], *, deliver_within_s: float
    ) -> None:
        super().__init__(daemon=True)
        self._topic = topic
        self.failures = 0
        self._delivers = Event()
        self._brokers = brokers
        self._outbox = deque(outbox)
        self._deliver_within_s = deliver_within_s

    def until_it_delivers(self) -> None:
        """Starts it, and returns when the first batch is delivered, and nearly all is left."""
        self.start()
        assert self._delivers.wait(BEGINS_WITHIN_S)

    def run(self) -> None:
        while self._outbox:
            try:
                with KafkaSink(self._brokers, self._topic, deliver_within_s=self._deliver_within_s) as sink:
                    self._send_all(sink)
            except EventsError:
                self.failures += 1

    def _send_all(self, sink: KafkaSink) -> None:
        while self._outbox:
            batch = list(islice(self._outbox, 20))
            for event in batch:
                sink.publish(event)
            sink.flush()
            for _ in batch:
                self._outbox.popleft()
            self._delivers.set()
            time.sleep(0.01)


def assert_nothing_lost(found: Sequence[IdentityEvent], sent: Sequence[IdentityEvent]) -> Counter[UUID]:
    """Everything sent is there, nothing else is, and the first copies are in order for each person.

    Returns:
        how often each came.
    """
    counts = Counter(event.event_id for event in found)
    assert counts.keys() == {event.event_id for event in sent}
    first_copies: dict[UUID, list[UUID]] = defaultdict(list)
    for event in {event.event_id: event for event in reversed(found)}.values():
        first_copies[event.person].insert(0, event.event_id)
    assert all(ids == sorted(ids, key=int) for ids in first_copies.values())
    return counts


def test_a_broker_killed_while_publishing_loses_nothing(kafka_broker: KafkaBroker, topic: str) -> None:
    random, sent = Random(4), numbered(4000)
    relay = Relay(kafka_broker.plain, topic, sent, deliver_within_s=PATIENT_S)
    relay.start()
    kills = 0
    while relay.is_alive() and kills < 2:
        time.sleep(random.uniform(0.2, 0.8))
        kafka_broker.kill()
        kills += 1
        kafka_broker.start()
    relay.join()
    assert kills
    assert relay.failures == 0, "an outage shorter than deliver_within_s is waited for"
    counts = assert_nothing_lost(list(events_at(kafka_broker.plain, topic)), sent)
    assert set(counts.values()) == {1}, "the producer's own retries are recognised by the broker"


def test_after_a_long_outage_the_relay_sends_again_what_was_not_acknowledged(
    kafka_broker: KafkaBroker, topic: str
) -> None:
    sent = numbered(1500)
    relay = Relay(kafka_broker.plain, topic, sent, deliver_within_s=1)
    relay.until_it_delivers()
    kafka_broker.freeze()
    until(lambda: relay.failures >= 2, "one sink gives up, and another cannot be opened")
    kafka_broker.kill()
    kafka_broker.start()
    relay.join()
    assert_nothing_lost(list(events_at(kafka_broker.plain, topic)), sent)


def test_a_frozen_broker_that_comes_back_makes_duplicates_that_a_consumer_passes_over(
    kafka_broker: KafkaBroker, topic: str
) -> None:
    sent = numbered(1500)
    relay = Relay(kafka_broker.plain, topic, sent, deliver_within_s=1)
    relay.until_it_delivers()
    kafka_broker.freeze()
    until(lambda: relay.failures >= 1, "a sink gives up")
    kafka_broker.thaw()
    relay.join()
    counts = assert_nothing_lost(list(events_at(kafka_broker.plain, topic)), sent)
    assert max(counts.values()) > 1, "what lay in the frozen broker's socket was written after all"
    letters: list[DeadLetter] = []
    with EventConsumer(kafka_broker.plain, topic, group=topic, dead_letter=letters.append, idle_s=1) as consumer:
        read = [event.event_id for event in consumer]
    assert sorted(read) == sorted(counts)
    assert letters == []


def test_a_consumer_waits_for_a_broker_that_is_away_and_goes_on(kafka_broker: KafkaBroker, topic: str) -> None:
    sent = numbered(300)
    Relay(kafka_broker.plain, topic, sent[:100], deliver_within_s=PATIENT_S).run()
    letters: list[DeadLetter] = []
    with EventConsumer(kafka_broker.plain, topic, group=topic, dead_letter=letters.append) as consumer:
        read = [event.event_id for event in islice(consumer, 50)]
        kafka_broker.kill()
        kafka_broker.start()
        Relay(kafka_broker.plain, topic, sent[100:], deliver_within_s=PATIENT_S).run()
        read += [event.event_id for event in islice(consumer, 250)]
    assert sorted(read) == [event.event_id for event in sent]
