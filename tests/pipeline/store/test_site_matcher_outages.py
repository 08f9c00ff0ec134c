"""A Redis that was reached and goes away is waited for, from when it went; the log says so once."""

import logging
import re
from collections.abc import Iterator

import pytest
import redis

from pipeline.config import RedisConfig
from pipeline.store.client import SiteStore, StoreUnavailable
from pipeline.store.site_matcher import LEADING, SiteMatcherParams
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from testing.site.room import Room, write
from testing.waiting import until

PATIENCE_S = 60.0
"""A server starts again within it, on a machine that is busy."""


@pytest.fixture
def room(redis_server: RedisServer) -> Iterator[Room]:
    """A matcher that decides."""
    with SiteStore(redis_server.url, "shop") as store:
        room = Room(store, SiteMatcherParams(RedisConfig(lease_s=0.5, patience_s=PATIENCE_S)))
        room.start()
        until(lambda: room.health.cameras() == {"matcher": LEADING})
        yield room
        room.stop()


def test_a_server_that_starts_again_is_waited_for_and_that_is_told_once(
    redis_server: RedisServer, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    redis_server.kill()
    until(lambda: caplog.records, "it notices")
    redis_server.start()
    with SiteStore(redis_server.url, "shop") as store:
        write(store, 1, 2)
    until(lambda: len(room.sink.events) == 4)
    reported = [record.message for record in caplog.records]
    assert len(reported) == 2, reported
    assert reported[0].startswith(f"cannot reach Redis at {redis_server.url} (")
    assert reported[0].endswith("; waiting for it, up to 60 s")
    assert re.fullmatch(re.escape(f"Redis at {redis_server.url} is back after ") + "[0-9]+ s", reported[1])


def test_a_master_that_is_a_replica_for_a_while_is_waited_for(
    redis_server: RedisServer, room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with redis.Redis.from_url(redis_server.url) as operator:
        operator.replicaof("127.0.0.1", free_port())
        until(lambda: caplog.records, "it notices")
        operator.replicaof("NO", "ONE")
    with SiteStore(redis_server.url, "shop") as store:
        write(store, 1)
    until(lambda: len(room.sink.events) == 2)


def test_a_server_that_stays_away_ends_the_matcher(redis_server: RedisServer) -> None:
    with SiteStore(redis_server.url, "shop") as store:
        room = Room(store, SiteMatcherParams(RedisConfig(lease_s=0.5, patience_s=1.5)))
        redis_server.kill()
        with pytest.raises(StoreUnavailable, match=r"for 1\.5 s: given up$"):
            room.matcher.run()
