import logging
import time
from collections import defaultdict
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from passerby_events.brokers import Brokers, Sasl, Tls
from passerby_events.errors import EventsError, EventsRefusedError, EventTooLargeError
from passerby_events.schema import SCHEMA_ID, IdentityEvent, event_from
from passerby_events.topics import open_admin
from pipeline.events.kafka.sink import MOST_WAITING, KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.events import a_match, a_merge, an_erasure
from testing.services.kafka import KafkaBroker
from testing.services.kafka_topics import events_at, messages_at

NOBODY = Brokers(("127.0.0.1:1",))


def about(*persons: int, count: int) -> list[IdentityEvent]:
    """Events about these persons in turn, each of another sighting."""
    return [
        a_match().model_copy(update={"event_id": UUID(int=i), "person": UUID(int=persons[i % len(persons)])})
        for i in range(count)
    ]


def test_a_message_is_a_cloud_event_with_the_published_body(kafka_brokers: Brokers, topic: str) -> None:
    event = a_match()
    with KafkaSink(kafka_brokers, topic) as sink:
        sink.publish(event.model_copy(update={"site": "north gate/ü"}))
        sink.publish(event)
        sink.publish(an_erasure())
    foreign, message, erasure = messages_at(kafka_brokers, topic)
    assert message.key == str(event.person).encode()
    assert message.value == event.model_dump_json().encode()
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": str(event.event_id).encode(),
        "ce_source": b"/passerby/sites/shop",
        "ce_type": b"io.passerby.person.matched.v1",
        "ce_time": b"1970-01-01T00:00:19.250Z",
        "ce_dataschema": SCHEMA_ID.encode(),
        "content-type": b"application/json",
    }
    assert erasure.key == message.key
    assert dict(erasure.headers)["ce_type"] == b"io.passerby.person.erased.v1"
    assert dict(erasure.headers)["ce_time"] == b"2026-11-21T08:00:00.500Z"
    assert dict(foreign.headers)["ce_source"] == b"/passerby/sites/north%20gate%2F%C3%BC"


def test_the_events_of_a_person_are_in_one_partition_in_order(kafka_brokers: Brokers, topic: str) -> None:
    sent = about(*range(20), count=400)
    with KafkaSink(kafka_brokers, topic) as sink:
        for event in sent:
            sink.publish(event)
    partitions, ids = defaultdict(set), defaultdict(list)
    for message in messages_at(kafka_brokers, topic):
        partitions[message.key].add(message.partition)
        ids[message.key].append(event_from(message.value).event_id)
    assert {len(found) for found in partitions.values()} == {1}
    assert len({next(iter(found)) for found in partitions.values()}) == 4
    assert all(found == sorted(found, key=int) for found in ids.values())


def test_a_merge_or_split_is_in_the_partitions_of_both_persons(kafka_brokers: Brokers, topic: str) -> None:
    sent = a_merge(person=UUID(int=1), other=UUID(int=2))
    with KafkaSink(kafka_brokers, topic) as sink:
        sink.publish(sent)
    messages = list(messages_at(kafka_brokers, topic))
    assert {message.key for message in messages} == {str(UUID(int=1)).encode(), str(UUID(int=2)).encode()}
    assert {message.value for message in messages} == {sent.model_dump_json().encode()}


def test_what_waits_for_the_broker_is_bounded(kafka_brokers: Brokers, topic: str) -> None:
    with KafkaSink(kafka_brokers, topic) as sink:
        for event in about(1, count=MOST_WAITING + 50):
            sink.publish(event)
    assert len(list(events_at(kafka_brokers, topic))) == MOST_WAITING + 50


def test_a_topic_that_is_not_there_is_one_clear_line(kafka_brokers: Brokers) -> None:
    with pytest.raises(EventsError, match=r"expected topic none.* found none; reid-pipeline topics create makes it"):
        KafkaSink(kafka_brokers, "none")


def test_no_broker_is_one_clear_line_after_the_stated_time() -> None:
    started_s = time.monotonic()
    with pytest.raises(EventsError, match=r"expected Kafka at 127\.0\.0\.1:1 within 0\.5 s, found .*; is it up"):
        KafkaSink(NOBODY, "any", deliver_within_s=0.5)
    assert 0.4 < time.monotonic() - started_s < 3


def test_tls_and_a_password_get_in_and_a_wrong_one_does_not(
    kafka_broker: KafkaBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="kafka")
    topic = f"test.{uuid4().hex}"
    ensure_topic(kafka_broker.plain, topic, TopicParams(partitions=1))
    with KafkaSink(kafka_broker.secured, topic) as sink:
        sink.publish(a_match())
    assert list(events_at(kafka_broker.plain, topic)) == list(events_at(kafka_broker.secured, topic)) != []
    secured = kafka_broker.secured
    assert secured.sasl
    assert secured.sasl.password.get_secret_value() not in caplog.text
    caplog.clear()
    for wrong in (
        replace(secured, sasl=Sasl("PLAIN", "passerby", SecretStr("battery staple"))),
        replace(secured, tls=Tls()),
    ):
        with pytest.raises(EventsError, match="are address, user and certificates right") as refused:
            KafkaSink(wrong, topic, deliver_within_s=1)
        assert "battery staple" not in str(refused.value) + caplog.text


def test_a_silent_broker_ends_the_sink_after_the_stated_time(kafka_broker: KafkaBroker) -> None:
    topic = f"test.{uuid4().hex}"
    ensure_topic(kafka_broker.plain, topic, TopicParams(partitions=1))
    sink = KafkaSink(kafka_broker.plain, topic, deliver_within_s=1.5)
    sink.publish(a_match())
    sink.flush()
    kafka_broker.freeze()
    sink.publish(a_match())
    started_s = time.monotonic()
    with pytest.raises(EventsError, match=r"acknowledge events within 1\.5 s, found .* with 1 waiting"):
        sink.flush()
    assert 1.4 < time.monotonic() - started_s < 6
    for call in (sink.flush, sink.close, lambda: sink.publish(a_match())):
        with pytest.raises(EventsError, match="with 1 waiting"):
            call()
    kafka_broker.thaw()


def test_a_topic_that_was_deleted_is_no_outage_and_it_says_what_to_do(kafka_brokers: Brokers, topic: str) -> None:
    sink = KafkaSink(kafka_brokers, topic, deliver_within_s=3)
    with open_admin(kafka_brokers, within_s=5) as admin:
        admin.delete_topics([topic])
    sink.publish(a_match())
    with pytest.raises(EventsRefusedError, match=r"found none; reid-pipeline topics create makes it"):
        sink.flush()


@pytest.mark.parametrize("size", [1_100_000, 900_000])
def test_an_event_that_is_too_large_is_told_from_an_outage_by_client_and_broker(
    kafka_brokers: Brokers, size: int
) -> None:
    topic = f"test.{uuid4().hex}"
    with open_admin(kafka_brokers, within_s=5) as admin:
        small = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "500000"}}
        admin.create_topics({topic: small})
        admin.wait_for_topics([topic], timeout_ms=5000)
    sink = KafkaSink(kafka_brokers, topic, deliver_within_s=5)

    def send() -> None:
        sink.publish(a_match().model_copy(update={"model_id": "x" * size}))
        sink.flush()

    with pytest.raises(EventTooLargeError, match=r"an event for topic .* is refused: .*; raise max\.message\.bytes"):
        send()
