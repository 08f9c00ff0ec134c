"""A producer of Kafka as everything here that writes wants it: in order, acknowledged, and never given up by itself."""

from contextlib import suppress

from kafka import KafkaProducer
from kafka.errors import KafkaError

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError
from passerby_events.refusals import unreachable
from passerby_events.topics import require_topic

NEVER_MS = 7 * 24 * 3600 * 1000
"""For the producer's own delivery timeout: longer than any time that makes sense for whoever waits."""
REQUEST_MS = 10_000
"""A request that a frozen broker does not answer is sent again after this."""
END_S = 2.0
"""How long to wait for the thread of a producer that was told to end; a frozen broker can hold it for `REQUEST_MS`."""


def open_producer_for(brokers: Brokers, topic: str, *, within_s: float) -> KafkaProducer:
    """A producer that knows the topic's partitions, so that nobody need wait for them.

    It connects before the topic is looked up: an admin client that cannot connect leaves a thread behind (3.0.12), and
    whoever tries again and again during an outage would gather them.

    Raises:
        EventsError: if no broker answers within `within_s` seconds, it refuses us, or the topic is not there.
    """
    producer = open_producer(brokers, within_s=within_s)
    try:
        require_topic(brokers, topic, within_s=within_s)
        producer.partitions_for(topic)
    except KafkaError as error:
        abort(producer)
        raise unreachable(brokers, within_s, error) from error
    except EventsError:
        abort(producer)
        raise
    return producer


def open_producer(brokers: Brokers, *, within_s: float) -> KafkaProducer:
    """A producer that keeps order, makes no duplicates of its own, and never gives a message up by itself.

    Raises:
        EventsError: if no broker answers within `within_s` seconds, or it refuses us.
    """
    try:
        return KafkaProducer(
            **brokers.options(),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            delivery_timeout_ms=NEVER_MS,
            request_timeout_ms=REQUEST_MS,
            max_block_ms=round(within_s * 1000),
            bootstrap_timeout_ms=round(within_s * 1000),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
    except (KafkaError, OSError) as error:
        raise unreachable(brokers, within_s, error) from error


def abort(producer: KafkaProducer) -> None:
    """Ends a producer at once, with what it holds undelivered."""
    # KafkaProducer.close flushes first, and raises instead of closing while the brokers are away (3.0.12).
    sender = producer._sender  # noqa: SLF001
    sender.force_close()
    sender.join(END_S)
    with suppress(KafkaError):
        producer.close(timeout=0)
