"""What lies in a topic, read without any of the code under test."""

from collections.abc import Iterator

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from passerby_events.brokers import Brokers
from passerby_events.producer import open_producer
from passerby_events.schema import IdentityEvent, event_from

READ_MS = 5000


def messages_at(brokers: Brokers, topic: str) -> Iterator[ConsumerRecord]:
    """All messages of a topic up to now, partition by partition, in order."""
    with KafkaConsumer(**brokers.options(), group_id=None, enable_auto_commit=False) as consumer:
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        for partition, end in consumer.end_offsets(partitions).items():
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)
            while consumer.position(partition) < end:
                for found in consumer.poll(timeout_ms=READ_MS).values():
                    yield from found


def events_at(brokers: Brokers, topic: str) -> Iterator[IdentityEvent]:
    """The same as events, without a second look at those that came twice."""
    for message in messages_at(brokers, topic):
        event = event_from(message.value)
        assert event.kind != "person.erased"
        yield event


def publish_raw(brokers: Brokers, topic: str, *values: bytes | None) -> None:
    producer = open_producer(brokers, within_s=5)
    for value in values:
        producer.send(topic, key=b"somebody", value=value, partition=0).get(timeout=5)
    producer.close(timeout=5)
