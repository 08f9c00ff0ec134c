"""The first contact with Redis: whatever is wrong is one line, soon, and never shows a password."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from pipeline.config import RedisConfig
from pipeline.store.client import SiteStore, StoreError, StoreReadOnly, StoreUnavailable
from pipeline.store.keys import OUTBOX
from pipeline.store.startup import open_store
from testing.services.certificates import Certificate
from testing.services.needed import need_certificate, need_redis_server
from testing.services.ports import free_port
from testing.services.redis import RedisServer
from testing.services.relabelled_redis import RelabelledRedis

PATIENCE_S = 0.5
RIGHTS = "+@read +@write +@scripting +@connection +info"
USERS = {
    "reid": f"~reid:{{shop}}:* {RIGHTS}",
    "elsewhere": f"~reid:{{other}}:* {RIGHTS}",
    "reader": "~reid:{shop}:* +@read +@connection",
    "nostream": "~reid:{shop}:* +@all -xadd",
}

Opens = Callable[..., SiteStore]


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Opens:
    """Opens the store of the site `shop` at an address that the environment names."""

    def open_at(url: str, *, is_cluster: bool = False) -> SiteStore:
        monkeypatch.setenv("REDIS_URL", url)
        return open_store(RedisConfig(cluster=is_cluster, start_patience_s=PATIENCE_S), "shop")

    return open_at


@pytest.fixture(scope="module")
def users_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server with some users."""
    need_redis_server()
    options = " ".join(f"--user {name} on >secret {rights}" for name, rights in USERS.items()).split()
    server = RedisServer(tmp_path_factory.mktemp("users"), options=options).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return need_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def tls_server(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that talks TLS only."""
    need_redis_server()
    server = RedisServer(tmp_path_factory.mktemp("tls"), certificate=certificate).start()
    yield server
    server.stop()


def read_error(opens: Opens, url: str, expected: type[Exception] = StoreError, *, is_cluster: bool = False) -> str:
    """What `open_store` says, and that it says it in time."""
    began_s = time.monotonic()
    with pytest.raises(expected) as caught:
        opens(url, is_cluster=is_cluster)
    assert time.monotonic() - began_s < PATIENCE_S + 1.5
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("is_cluster", [False, True])
def test_nobody_there_is_said_with_the_address_and_what_to_do(opens: Opens, is_cluster: bool) -> None:
    port = free_port()
    found = read_error(opens, f"redis://reid:secret@127.0.0.1:{port}/0", StoreUnavailable, is_cluster=is_cluster)
    at = f"redis://127.0.0.1:{port}/0"
    assert found == f"cannot reach Redis at {at} (connection refused) within 0.5 s: start it, or set REDIS_URL"


def test_a_server_that_does_not_answer_is_not_waited_for_any_longer(opens: Opens) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert "(no answer) within 0.5 s" in read_error(
            opens, f"redis://127.0.0.1:{mute.getsockname()[1]}", StoreUnavailable
        )


def test_an_address_in_the_configuration_is_mended_there() -> None:
    config = RedisConfig.model_validate({"url": f"redis://127.0.0.1:{free_port()}", "start_patience_s": 0.1})
    with pytest.raises(StoreUnavailable, match=r"start it, or mend `redis: \{url: \.\.\.\}`"):
        open_store(config, "shop")


def test_a_server_that_comes_in_time_is_waited_for(redis_server: RedisServer) -> None:
    redis_server.kill()
    config = RedisConfig.model_validate({"url": redis_server.url, "start_patience_s": 20.0})
    tries: list[bool] = []

    def start_it() -> bool:
        if not tries:
            redis_server.start()
        tries.append(True)
        return False

    with open_store(config, "shop", gives_up=start_it) as store:
        assert store.length(OUTBOX) == 0
    assert tries


def test_who_is_told_to_stop_gives_up_at_once() -> None:
    config = RedisConfig.model_validate({"url": f"redis://127.0.0.1:{free_port()}"})
    began_s = time.monotonic()
    with pytest.raises(StoreUnavailable):
        open_store(config, "shop", gives_up=lambda: True)
    assert time.monotonic() - began_s < 2.0


def test_a_user_with_the_rights_of_the_documentation_may_do_all_and_leaves_nothing(
    opens: Opens, users_server: RedisServer
) -> None:
    opens(f"redis://reid:secret@127.0.0.1:{users_server.port}").close()
    with redis.Redis.from_url(users_server.url) as client:
        assert client.dbsize() == 0


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("nobody:secret", "refuses: invalid username-password pair or user is disabled; check user, password"),
        ("reid:wrong-secret", "refuses: invalid username-password pair or user is disabled; check user, password"),
        ("elsewhere:secret", "; check user, password and permissions"),
        ("reader:secret", "; check user, password and permissions"),
        ("nostream:secret", "; check user, password and permissions"),
    ],
)
def test_what_a_user_may_not_do_is_found_out_at_the_start(
    opens: Opens, users_server: RedisServer, user: str, expected: str
) -> None:
    assert expected in read_error(opens, f"redis://{user}@127.0.0.1:{users_server.port}")


def test_a_password_that_is_missing_is_asked_for(opens: Opens, tmp_path: Path) -> None:
    with running(RedisServer(tmp_path, options=["--requirepass", "secret"])) as server:
        assert "refuses: it asks for a password" in read_error(opens, server.url)


def test_a_server_that_is_too_old_is_said(opens: Opens, users_server: RedisServer) -> None:
    with SiteStore(users_server.url, "shop") as store:
        version = store.server().version
    claims = "5.0.141"[: len(version)]
    with RelabelledRedis(users_server.port, version.encode(), claims.encode()) as older:
        found = read_error(opens, f"redis://127.0.0.1:{older.port}/0")
    assert found == f"expected Redis 6.2 or newer at redis://127.0.0.1:{older.port}/0, found {claims}: upgrade it"


def test_a_replica_is_refused(opens: Opens, users_server: RedisServer, tmp_path: Path) -> None:
    with running(RedisServer(tmp_path, options=["--replicaof", "127.0.0.1", str(users_server.port)])) as replica:
        assert "found a replica: name its master" in read_error(opens, replica.url, StoreReadOnly)


def test_a_node_of_a_cluster_and_a_server_of_its_own_are_told_apart(
    opens: Opens, users_server: RedisServer, tmp_path: Path
) -> None:
    with running(RedisServer(tmp_path, options=["--cluster-enabled", "yes"])) as node:
        assert f"a node of a cluster at {node.url}: set `redis: {{cluster: true}}`" in read_error(opens, node.url)
    found = read_error(opens, users_server.url, is_cluster=True)
    assert found == f"found a server of its own at {users_server.url}: set `redis: {{cluster: false}}`"


def test_a_server_that_throws_away_what_it_likes_is_refused(opens: Opens, redis_server: RedisServer) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        opens(redis_server.url).close()
        client.config_set("maxmemory", "100mb")
    with pytest.raises(StoreError, match=r"when it is full \(allkeys-lru\): set `maxmemory-policy noeviction`"):
        opens(redis_server.url)


def test_tls_that_is_as_it_should_be_is_taken(opens: Opens, tls_server: RedisServer) -> None:
    opens(tls_server.url).close()


def test_tls_without_an_authority_names_the_option(opens: Opens, tls_server: RedisServer) -> None:
    found = read_error(opens, f"rediss://127.0.0.1:{tls_server.port}/0")
    assert "its certificate is not trusted (self-signed certificate" in found
    assert "ssl_ca_certs=FILE" in found


def test_an_authority_that_is_no_file_is_said(opens: Opens, tls_server: RedisServer, tmp_path: Path) -> None:
    missing = f"rediss://127.0.0.1:{tls_server.port}/0?ssl_ca_certs={tmp_path / 'none.pem'}"
    assert "a file that the address names cannot be read" in read_error(opens, missing)


def test_a_certificate_of_ours_that_is_missing_is_asked_for(
    opens: Opens, certificate: Certificate, tmp_path: Path
) -> None:
    demanding = ["--tls-auth-clients", "yes", "--tls-ca-cert-file", str(certificate.file)]
    server = RedisServer(tmp_path, certificate=certificate, options=demanding)
    ours = f"{server.url}&ssl_certfile={certificate.file}&ssl_keyfile={certificate.key_file}"
    with running(server, ours):
        assert "ssl_certfile=FILE&ssl_keyfile=FILE" in read_error(opens, server.url)
        opens(ours).close()


def test_plain_talk_to_a_port_for_tls_and_the_other_way_name_the_other_scheme(
    opens: Opens, tls_server: RedisServer, users_server: RedisServer
) -> None:
    plain = read_error(opens, f"redis://127.0.0.1:{tls_server.port}/0", StoreUnavailable)
    assert "set REDIS_URL to rediss://, if it takes only TLS" in plain
    secured = read_error(opens, f"rediss://127.0.0.1:{users_server.port}/0", StoreUnavailable)
    assert "(no TLS handshake)" in secured
    assert "set REDIS_URL to redis://, if it takes no TLS" in secured


def test_an_option_that_nobody_knows_is_named(opens: Opens, users_server: RedisServer) -> None:
    assert "ssl_ca_cert" in read_error(opens, f"{users_server.url}?ssl_ca_cert=x")


@contextmanager
def running(server: RedisServer, url: str | None = None) -> Iterator[RedisServer]:
    """The server while it runs; `url` is what it answers at, where that is not its own."""
    server.url, own = url or server.url, server.url
    server.start()
    server.url = own
    try:
        yield server
    finally:
        server.stop()
