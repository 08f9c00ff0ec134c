"""What a site may have to be allowed: found out at the start, and as the documentation has it."""

from collections.abc import Iterator

import pytest
import redis

from pipeline.config import RedisConfig
from pipeline.store.client import StoreError
from pipeline.store.permissions import commands, rights
from pipeline.store.startup import open_store
from testing.paths import ROOT
from testing.services.needed import need_redis_server
from testing.services.redis import RedisServer
from testing.services.site_user import CLUSTER_RIGHTS, documented_rights, redis_page


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    need_redis_server()
    running = RedisServer(tmp_path_factory.mktemp("rights")).start()
    yield running
    running.stop()


@pytest.fixture
def admin(server: RedisServer) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


def test_the_documentation_and_the_composed_site_give_these_rights_and_no_others() -> None:
    assert documented_rights() == rights()
    assert f"`{CLUSTER_RIGHTS}`" in redis_page()
    compose = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    assert f"~reid:* +ping {rights()}\n" in compose


def test_commands_are_found_in_scripts_and_in_the_client() -> None:
    assert {"TTL", "ZREMRANGEBYSCORE", "XREADGROUP"} <= commands(), "of scripts alone"
    assert {"XREAD", "XGROUP CREATE", "HGETALL"} <= commands(), "of the client alone"


@pytest.mark.parametrize("missing", rights().split())
def test_each_right_that_is_missing_is_found_out_at_the_start_and_nothing_is_left(
    admin: redis.Redis, server: RedisServer, missing: str
) -> None:
    given = [each for each in rights().split() if each != missing]
    admin.acl_setuser("reid", reset=True, enabled=True, passwords=["+secret"], keys=["reid:{shop}:*"], commands=given)
    admin.script_flush()
    config = RedisConfig.model_validate({"url": f"redis://reid:secret@127.0.0.1:{server.port}"})
    command = missing.removeprefix("+").replace("|", " ")
    with pytest.raises(StoreError, match=rf"(?i)no permission.* '?{command}'?.*; check user, password and permissions"):
        open_store(config, "shop")
    if missing != "+del":
        assert admin.keys() == []
    admin.flushall()
