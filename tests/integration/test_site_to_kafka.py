"""From the stream of a site to consumers of Kafka: real Redis, real broker, and a broker that dies on the way."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from passerby_events.brokers import Brokers
from passerby_events.schema import IdentityEvent
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.sink import EventSink
from pipeline.matching.memory import Retention
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.keys import OUTBOX
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.services.kafka import KafkaBroker
from testing.site.crash_round import tally
from testing.site.site_processes import MAX_OUTBOX, PLAYED_DIMENSIONS, PLAYED_MODEL, SHOP, played
from testing.site.town import CAMERAS, Town, undisturbed_events
from testing.site_in_memory import matcher_of
from testing.waiting import until

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def undisturbed() -> dict[UUID, IdentityEvent]:
    return undisturbed_events()


def matcher(store: SiteStore, open_sink: Callable[[], EventSink]) -> SiteMatcher:
    return SiteMatcher(
        store,
        Expected(frozenset(CAMERAS), PLAYED_MODEL, PLAYED_DIMENSIONS),
        Retention(),
        lambda gallery, _: matcher_of(gallery, SHOP),
        open_sink,
        SiteMatcherParams(),
        Metrics(),
        Health(),
    )


def play(store: SiteStore) -> None:
    for camera in CAMERAS:
        EmbeddingWriter(store, camera, [camera], model_id=PLAYED_MODEL).write_all(played(camera))


def test_the_events_of_a_site_reach_consumers_of_kafka(
    store: SiteStore, kafka_brokers: Brokers, topic: str, undisturbed: dict[UUID, IdentityEvent]
) -> None:
    play(store)
    matcher(store, lambda: KafkaSink(kafka_brokers, topic)).run(until_end=True)
    found = tally(kafka_brokers, topic, undisturbed)
    assert found.is_clean(), found
    assert found.duplicates == 0


def test_a_broker_that_is_down_holds_the_events_back_and_loses_none(
    redis_url: str, kafka_broker: KafkaBroker, undisturbed: dict[UUID, IdentityEvent], tmp_path: Path
) -> None:
    town = Town(redis_url, tmp_path).to_kafka(kafka_broker.plain)
    kafka_broker.kill()
    with SiteStore(redis_url, town.site) as store, closing(town):
        play(store)
        matcher = town.matcher()
        until(lambda: store.length(OUTBOX) >= MAX_OUTBOX, "the outbox is full", within_s=PATIENCE_S)
        until(lambda: matcher.count("reid_sink_failures_total") >= 2, "two tries to deliver", within_s=PATIENCE_S)
        assert store.length(OUTBOX) < len(undisturbed)
        kafka_broker.start()
        matcher.ends_well(PATIENCE_S)
    found = tally(kafka_broker.plain, town.topic, undisturbed)
    assert found.is_clean(), found
