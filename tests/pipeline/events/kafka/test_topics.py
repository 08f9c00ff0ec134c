from datetime import timedelta
from uuid import uuid4

import pytest

from passerby_events.brokers import Brokers
from passerby_events.errors import EventsError
from pipeline.events.kafka.topics import TopicParams, ensure_topic


def test_a_topic_is_made_once_and_as_asked(kafka_brokers: Brokers) -> None:
    name, params = f"test.{uuid4().hex}", TopicParams(partitions=3, replication=1, retention=timedelta(hours=2))
    first, second = (ensure_topic(kafka_brokers, name, params) for _ in range(2))
    assert (first.is_new, second.is_new) == (True, False)
    assert (first.partitions, first.replication, first.retention) == (3, 1, timedelta(hours=2))
    assert first.departures(params) == second.departures(params) == []


def test_a_topic_that_is_there_stays_as_it_is_and_says_how_it_differs(kafka_brokers: Brokers) -> None:
    name = f"test.{uuid4().hex}"
    ensure_topic(kafka_brokers, name, TopicParams(partitions=3))
    wanted = TopicParams(partitions=5, retention=timedelta(hours=1))
    found = ensure_topic(kafka_brokers, name, wanted)
    assert found.departures(wanted) == ["partitions: 3, not 5", "retention: 1 day, 0:00:00, not 1:00:00"]


def test_more_copies_than_brokers_is_one_clear_line(kafka_brokers: Brokers) -> None:
    with pytest.raises(EventsError, match=r"could not make topic test\..*replication factor"):
        ensure_topic(kafka_brokers, f"test.{uuid4().hex}", TopicParams(replication=99))


@pytest.mark.parametrize("wrong", [{"partitions": 0}, {"replication": 0}, {"retention": timedelta(seconds=1)}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected one partition or more"):
        TopicParams(**wrong)  # type: ignore[arg-type]  # a table of keywords
