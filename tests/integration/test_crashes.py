"""Workers, matchers, Redis and Kafka as processes that are killed and frozen: nothing lost, nothing done twice."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from passerby_events.schema import IdentityEvent
from pipeline.store.site_matcher import LEADING, STANDING_BY
from testing.services.kafka import KafkaBroker
from testing.services.redis import RedisServer
from testing.site.crash_round import KINDS, REFUSED, CrashRound, plan, tally
from testing.site.site_processes import LEASE_S
from testing.site.town import CAMERAS, Town, undisturbed_events
from testing.waiting import until

ENDS_WITHIN_S = 60.0
BUSY_S = 600
"""A round starts ten interpreters and a JVM or two: twenty seconds on a quiet machine, minutes on a busy one."""


@pytest.fixture
def town(redis_url: str, kafka_broker: KafkaBroker, tmp_path: Path) -> Iterator[Town]:
    town = Town(redis_url, tmp_path).to_kafka(kafka_broker.plain)
    yield town
    town.close()


@pytest.fixture(scope="module")
def undisturbed() -> dict[UUID, IdentityEvent]:
    return undisturbed_events()


@pytest.mark.slow
@pytest.mark.timeout(BUSY_S)
@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_killed_nothing_is_lost_and_nothing_happens_twice(
    redis_server: RedisServer,
    kafka_broker: KafkaBroker,
    undisturbed: dict[UUID, IdentityEvent],
    tmp_path: Path,
    seed: int,
) -> None:
    chance = Random(seed)
    town = Town(redis_server.url, tmp_path).to_kafka(kafka_broker.plain)
    crashes = CrashRound(town, redis_server, kafka_broker, chance)
    try:
        crashes.play(plan(chance))
    finally:
        town.close()
    found = tally(kafka_broker.plain, town.topic, undisturbed)
    assert found.is_clean(), found
    assert set(crashes.falls) == set(KINDS), "each kind fell while there was work"
    assert crashes.refusals == crashes.falls["freeze"]


@pytest.mark.slow
@pytest.mark.timeout(BUSY_S)
def test_a_matcher_that_was_frozen_past_its_lease_writes_nothing_stands_by_and_can_take_over_again(
    town: Town, kafka_broker: KafkaBroker, undisturbed: dict[UUID, IdentityEvent]
) -> None:
    first = town.matcher()
    workers = [town.worker(camera) for camera in CAMERAS]
    until(lambda: first.count("reid_match_seconds_count") > 5, "it decides", within_s=ENDS_WITHIN_S)
    first.freeze()
    heir = town.matcher()
    until(lambda: heir.state("matcher") == LEADING, "the heir takes over", within_s=LEASE_S + ENDS_WITHIN_S)
    until(lambda: heir.count("reid_match_seconds_count") > 5, "the heir decides", within_s=ENDS_WITHIN_S)
    first.thaw()
    until(lambda: first.state("matcher") == STANDING_BY, "the first stands by", within_s=ENDS_WITHIN_S)
    assert first.read_output().count(REFUSED) == 1
    assert "Traceback" not in first.read_output()
    assert heir.state("matcher") == LEADING
    decided = first.count("reid_match_seconds_count")
    until(lambda: heir.count("reid_match_seconds_count") > 10, "the heir goes on", within_s=ENDS_WITHIN_S)
    assert first.count("reid_match_seconds_count") == decided

    heir.kill()
    for process in (*workers, first):
        process.ends_well(ENDS_WITHIN_S)
    assert first.read_output().count(REFUSED) == 1
    found = tally(kafka_broker.plain, town.topic, undisturbed)
    assert found.is_clean(), found
