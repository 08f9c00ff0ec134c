"""From the stream of a site to consumers of Kafka: real Redis, real broker, and a broker that dies on the way."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from pipeline.embedding_messages import Expected
from pipeline.embedding_stream import EmbeddingWriter
from pipeline.events.brokers import Brokers
from pipeline.events.consumer import EventConsumer
from pipeline.events.dead_letters import DeadLetter
from pipeline.events.kafka import KafkaSink
from pipeline.events.sink import EventSink
from pipeline.events.topics import TopicParams, ensure_topic
from pipeline.health import Health
from pipeline.matching.memory import Retention
from pipeline.metrics import Metrics
from pipeline.outbox import OUTBOX
from pipeline.redis_store import SiteStore
from pipeline.site_matcher import SiteMatcher, SiteMatcherParams
from tests.integration.site_processes import MAX_OUTBOX, PLAYED_DIMENSIONS, PLAYED_MODEL, SHOP, played
from tests.integration.test_distributed import CAMERAS, Town, ends_well, undisturbed, until
from tests.pipeline.site_in_memory import matcher_of
from tests.services.kafka import KafkaBroker

__all__ = ["undisturbed"]


def matcher(store: SiteStore, open_sink: Callable[[], EventSink]) -> SiteMatcher:
    return SiteMatcher(
        store,
        Expected(frozenset(CAMERAS), PLAYED_MODEL, PLAYED_DIMENSIONS),
        Retention(),
        lambda gallery: matcher_of(gallery, SHOP),
        open_sink,
        SiteMatcherParams(),
        Metrics(),
        Health(),
    )


def play(store: SiteStore) -> None:
    for camera in CAMERAS:
        EmbeddingWriter(store, camera, [camera], model_id=PLAYED_MODEL).write_all(played(camera))


def refuse(letter: DeadLetter) -> None:
    pytest.fail(str(letter))


def consumed(brokers: Brokers, topic: str) -> dict[UUID, str]:
    with EventConsumer(brokers, topic, group=None, put_aside=refuse, idle_s=3.0) as events:
        return {event.event_id: event.model_dump_json() for event in events}


def test_the_events_of_a_site_reach_consumers_of_kafka(
    store: SiteStore, kafka_brokers: Brokers, topic: str, undisturbed: dict[UUID, str]
) -> None:
    play(store)
    matcher(store, lambda: KafkaSink(kafka_brokers, topic)).run(until_end=True)
    assert consumed(kafka_brokers, topic) == undisturbed


def test_a_broker_that_is_down_holds_the_events_back_and_loses_none(
    redis_url: str, kafka_broker: KafkaBroker, undisturbed: dict[UUID, str], tmp_path: Path
) -> None:
    topic = "deaths"
    ensure_topic(kafka_broker.plain, topic, TopicParams(partitions=4))
    kafka_broker.kill()
    town = Town(redis_url, tmp_path)
    with SiteStore(redis_url, town.site) as store, closing(town):
        play(store)
        matcher = town.start("match-to-kafka", str(kafka_broker.plain), topic, *CAMERAS)
        until(lambda: store.length(OUTBOX) >= MAX_OUTBOX)
        time.sleep(3)
        assert store.length(OUTBOX) < len(undisturbed)
        kafka_broker.start()
        ends_well(matcher)
    assert consumed(kafka_broker.plain, topic) == undisturbed
