import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import Thread
from uuid import UUID, uuid4

import pytest

from passerby_events.brokers import Brokers
from passerby_events.consumer import EventConsumer
from passerby_events.dead_letters import LONGEST, DeadLetter, DeadLetters
from passerby_events.errors import EventsError, EventsRefusedError
from passerby_events.producer import open_producer
from passerby_events.schema import Event, PersonMatched, event_from
from passerby_events.topics import open_admin
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from testing.events import a_match, an_end, an_erasure
from testing.services.kafka_topics import messages_at, publish_raw

IDLE_S = 1.0


def numbered(count: int) -> list[PersonMatched]:
    return [a_match().model_copy(update={"event_id": UUID(int=i)}) for i in range(count)]


def ignore(_: DeadLetter) -> None:
    """For topics without dead letters."""


def publish(brokers: Brokers, topic: str, events: Sequence[Event]) -> None:
    producer = open_producer(brokers, within_s=5)
    for event in events:
        producer.send(topic, key=str(event.person).encode(), value=event.model_dump_json().encode())
    producer.flush(timeout=5)
    producer.close(timeout=5)


@contextmanager
def consumer(brokers: Brokers, topic: str, group: str | None, letters: list[DeadLetter]) -> Iterator[EventConsumer]:
    with EventConsumer(brokers, topic, group=group, dead_letter=letters.append, idle_s=IDLE_S) as events:
        yield events
    assert letters == []


@pytest.mark.parametrize("group", [None, "doors"])
def test_events_come_as_they_were_published(kafka_brokers: Brokers, topic: str, group: str | None) -> None:
    sent = numbered(250)
    publish(kafka_brokers, topic, sent)
    with consumer(kafka_brokers, topic, group and f"{group}.{topic}", []) as events:
        assert [event.model_dump_json() for event in events] == [event.model_dump_json() for event in sent]


def test_an_event_that_is_sent_twice_comes_once(kafka_brokers: Brokers, topic: str) -> None:
    publish(kafka_brokers, topic, numbered(5))
    publish(kafka_brokers, topic, numbered(8))
    with consumer(kafka_brokers, topic, None, []) as events:
        assert [int(event.event_id) for event in events] == list(range(8))


def test_an_erasure_comes_and_nothing_of_that_person_after_it(kafka_brokers: Brokers, topic: str) -> None:
    before, late = numbered(2)
    publish(kafka_brokers, topic, [before, an_erasure(before.person), late])
    with consumer(kafka_brokers, topic, None, []) as events:
        assert [event.kind for event in events] == ["person.matched", "person.erased"]


def test_a_group_goes_on_after_the_last_event_that_it_handled(kafka_brokers: Brokers, topic: str) -> None:
    publish(kafka_brokers, topic, numbered(10))
    with consumer(kafka_brokers, topic, topic, []) as events:
        assert [int(event.event_id) for event in islice(events, 4)] == [0, 1, 2, 3]
    with consumer(kafka_brokers, topic, topic, []) as events:
        assert [int(event.event_id) for event in events] == [4, 5, 6, 7, 8, 9]


def test_who_stops_asking_and_asks_again_misses_nothing(kafka_brokers: Brokers, topic: str) -> None:
    publish(kafka_brokers, topic, numbered(10))
    with consumer(kafka_brokers, topic, None, []) as events:
        first = [int(event.event_id) for event in islice(events, 4)]
        assert first + [int(event.event_id) for event in events] == list(range(10))


def test_an_event_whose_handling_failed_comes_again(kafka_brokers: Brokers, topic: str) -> None:
    publish(kafka_brokers, topic, numbered(6))
    with pytest.raises(ZeroDivisionError), consumer(kafka_brokers, topic, topic, []) as events:
        sum(1 / (int(event.event_id) - 3) for event in events)
    with consumer(kafka_brokers, topic, topic, []) as events:
        assert [int(event.event_id) for event in events] == [3, 4, 5]


def test_the_next_event_is_all_that_comes_to_who_did_not_ask_for_old_ones(kafka_brokers: Brokers, topic: str) -> None:
    publish(kafka_brokers, topic, numbered(3))
    with EventConsumer(
        kafka_brokers, topic, group=None, dead_letter=ignore, from_beginning=False, idle_s=IDLE_S
    ) as events:
        assert list(events) == []
        publish(kafka_brokers, topic, numbered(5)[3:])
        assert [int(event.event_id) for event in events] == [3, 4]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"not json", "found the whole: invalid json"),
        (b"\xff\xfe", "found the whole: invalid json"),
        (b"{}", "found kind: expected person.appeared"),
        (None, "found the whole: invalid json"),
        (a_match().model_dump_json().replace("0.9877", "NaN").encode(), "found similarity: input should be a finite"),
        (a_match().model_dump_json().replace('"track":7', '"track":"x"').encode(), "found seen.track: input should"),
        (
            a_match().model_dump_json().replace('"1970-01-01T00:00:15.000Z"', "1e300").encode(),
            "found seen.start: input",
        ),
        (a_match().model_dump_json().replace('"schema_version":1', '"schema_version":2').encode(), "schema_version"),
        (b'{"site":"' + b"x" * 500_000 + b'"}', "found kind: expected person.appeared"),
    ],
)
def test_a_poisoned_message_is_dead_lettered_with_its_reason_and_reading_goes_on(
    kafka_brokers: Brokers, topic: str, value: bytes | None, reason: str
) -> None:
    dead = f"{topic}.dead"
    ensure_topic(kafka_brokers, dead, TopicParams(partitions=1))
    publish_raw(kafka_brokers, topic, value, a_match().model_dump_json().encode())
    with (
        DeadLetters(kafka_brokers, dead) as letters,
        EventConsumer(kafka_brokers, topic, group=topic, dead_letter=letters.put) as events,
    ):
        assert next(iter(events)) == event_from(a_match().model_dump_json())
    (letter,) = messages_at(kafka_brokers, dead)
    headers = {name: found.decode() for name, found in letter.headers}
    assert reason in headers.pop("dead_letter_reason")
    assert (letter.key, letter.value) == (b"somebody", value and value[:LONGEST])
    size = str(len(value or b""))
    expected = {"topic": topic, "partition": "0", "offset": "0", "bytes": size}
    assert headers == {f"dead_letter_{name}": found for name, found in expected.items()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"k" * 1_000_000, b"x"),
        (b"k" * 500_000, b"x" * 500_000),
        (b"k", b'{"' + b"x" * 900_000 + b'":1}'),
    ],
    ids=["a key", "key and value", "a name"],
)
def test_what_fills_a_message_to_the_brim_is_dead_lettered_too(
    kafka_brokers: Brokers, topic: str, key: bytes, value: bytes
) -> None:
    dead = f"{topic}.dead"
    ensure_topic(kafka_brokers, dead, TopicParams(partitions=1))
    producer = open_producer(kafka_brokers, within_s=5)
    producer.send(topic, key=key, value=value).get(timeout=5)
    producer.close(timeout=5)
    with (
        DeadLetters(kafka_brokers, dead) as letters,
        EventConsumer(kafka_brokers, topic, group=None, dead_letter=letters.put, idle_s=IDLE_S) as events,
    ):
        assert list(events) == []
    (letter,) = messages_at(kafka_brokers, dead)
    assert (letter.key, letter.value) == (key[:LONGEST], value[:LONGEST])
    assert all(len(header) < 1000 for _, header in letter.headers)


def test_a_message_that_cannot_be_dead_lettered_is_not_passed_over(kafka_brokers: Brokers, topic: str) -> None:
    def refuse(letter: DeadLetter) -> None:
        raise EventsError(f"no room for {letter}")

    publish_raw(kafka_brokers, topic, b"not json")
    for _ in range(2):
        with (
            pytest.raises(EventsError, match=rf"no room for {topic}/0@0: expected an event"),
            EventConsumer(kafka_brokers, topic, group=topic, dead_letter=refuse) as events,
        ):
            next(iter(events))


def test_kinds_that_only_a_newer_passerby_knows_are_passed_over_and_counted(
    kafka_brokers: Brokers, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    newer = [an_end(track).model_dump_json().replace("track.ended", "track.resumed").encode() for track in range(3)]
    publish_raw(kafka_brokers, topic, newer[0], a_match().model_dump_json().encode(), *newer[1:])
    with consumer(kafka_brokers, topic, None, []) as events:
        assert [event.kind for event in events] == ["person.matched"]
        assert events.passed_over == 3
    assert [record.message for record in caplog.records if "track.resumed" in record.message] == [
        "an event of kind track.resumed is passed over, as all will be of kinds that only a newer "
        "passerby-events knows: upgrade"
    ]


def test_fields_that_only_a_newer_passerby_knows_are_left_out(kafka_brokers: Brokers, topic: str) -> None:
    publish_raw(kafka_brokers, topic, a_match().model_dump_json().replace("{", '{"mood":"merry",', 1).encode())
    with consumer(kafka_brokers, topic, None, []) as events:
        assert [event.model_dump_json() for event in events] == [a_match().model_dump_json()]


def test_consumers_of_a_group_share_the_work(kafka_brokers: Brokers, topic: str) -> None:
    found: tuple[list[UUID], list[UUID]] = ([], [])
    readers = [Thread(target=_read_all, args=(kafka_brokers, topic, mine)) for mine in found]
    for reader in readers:
        reader.start()
    ends_s, sent = time.monotonic() + 60, 0
    while not all(found) and time.monotonic() < ends_s:
        publish(kafka_brokers, topic, [_about_another(i) for i in range(sent, sent + 40)])
        sent += 40
    for reader in readers:
        reader.join()
    assert all(found)
    assert {*found[0], *found[1]} == {UUID(int=i) for i in range(sent)}


def _read_all(brokers: Brokers, topic: str, found: list[UUID]) -> None:
    with EventConsumer(brokers, topic, group=topic, dead_letter=ignore, idle_s=2.0) as events:
        found.extend(event.event_id for event in events)


def _about_another(number: int) -> PersonMatched:
    return a_match().model_copy(update={"event_id": UUID(int=number), "person": UUID(int=number)})


def test_a_topic_that_is_not_there_is_one_clear_line(kafka_brokers: Brokers) -> None:
    with pytest.raises(EventsError, match=r"expected topic none.* found none"):
        EventConsumer(kafka_brokers, "none", group=str(uuid4()), dead_letter=ignore)


@pytest.mark.parametrize("group", [None, "doors"])
def test_a_topic_that_is_deleted_while_somebody_reads_ends_it_with_one_line(
    kafka_brokers: Brokers, topic: str, group: str | None
) -> None:
    publish(kafka_brokers, topic, numbered(1))
    with EventConsumer(kafka_brokers, topic, group=group and f"{group}.{topic}", dead_letter=ignore) as events:
        coming = iter(events)
        assert next(coming).event_id == UUID(int=0)
        with open_admin(kafka_brokers, within_s=5) as admin:
            admin.delete_topics([topic])
        with pytest.raises(EventsRefusedError, match=f"expected topic {topic} at .* found none"):
            next(coming)
