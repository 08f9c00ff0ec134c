"""A site works the same over every kind of Redis: a server, a cluster, TLS with a user of few rights."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis import Redis
from redis.cluster import RedisCluster

from passerby_events.tracks import TrackKey
from pipeline.config import RedisConfig
from pipeline.events.ids import person_id
from pipeline.events.memory import MemorySink
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.records import EmbeddedWindow
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.erasure import Eraser
from pipeline.store.erasure_requests import ask, audit
from pipeline.store.keys import DEAD_LETTERS, OUTBOX, STREAM, sighting_key
from pipeline.store.lease import acquire
from pipeline.store.lua import script
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.store.startup import open_store
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.embeddings import MODEL, embedding, end
from testing.services.needed import need_certificate, need_redis_server
from testing.services.redis import RedisServer
from testing.services.redis_cluster import RedisCluster as Masters
from testing.services.site_user import CLUSTER_RIGHTS, documented_rights

SITES = 6
ADD = script("return redis.call('XADD', KEYS[1], '*', 'no', 'message')")


@pytest.fixture(scope="module")
def secured_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that talks TLS only, and knows the user of the documentation."""
    need_redis_server()
    folder: Path = tmp_path_factory.mktemp("secured")
    server = RedisServer(folder, certificate=need_certificate(folder), options=users()).start()
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def secured_cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node of three masters that know the user of the documentation."""
    need_redis_server()
    cluster = Masters(tmp_path_factory.mktemp("secured-cluster"), options=users(CLUSTER_RIGHTS)).start()
    yield cluster.url
    cluster.stop()


def users(rights: str = "") -> list[str]:
    """As docs/redis.md says, for any site; and one who may see whom the server refused."""
    return f"--user reid on >secret ~reid:* {documented_rights()} {rights} --user admin on >admin +@all".split()


@pytest.fixture(params=["a server", "TLS and the user of the documentation", "a cluster and that user"])
def config(request: pytest.FixtureRequest) -> Iterator[RedisConfig]:
    if request.param == "a server":
        yield RedisConfig.model_validate({"url": request.getfixturevalue("redis_url")})
        return
    is_cluster = request.param.startswith("a cluster")
    url: str = request.getfixturevalue("secured_cluster_url" if is_cluster else "secured_url")
    yield RedisConfig.model_validate({"url": url.replace("//", "//reid:secret@", 1), "cluster": is_cluster})
    assert refused(url.replace("//", "//admin:admin@", 1), is_cluster=is_cluster) == []


def refused(url: str, *, is_cluster: bool) -> list[object]:
    """What a server, or any node, refused to the site's user."""
    with RedisCluster.from_url(url) if is_cluster else Redis.from_url(url) as client:
        found = client.execute_command("ACL LOG", **({"target_nodes": RedisCluster.ALL_NODES} if is_cluster else {}))
    nodes = found.values() if isinstance(found, dict) else [found]
    return [each for of_node in nodes for each in of_node]


@pytest.fixture
def stores(config: RedisConfig) -> Iterator[Sequence[SiteStore]]:
    with stores_at(config) as stores:
        yield stores


@contextmanager
def stores_at(config: RedisConfig) -> Iterator[Sequence[SiteStore]]:
    """Some sites, which in a cluster lie on different nodes."""
    with ExitStack() as stack:
        yield [stack.enter_context(open_store(config, f"test-{uuid4().hex[:8]}")) for _ in range(SITES)]


def test_sites_write_read_decide_and_deliver(stores: Sequence[SiteStore]) -> None:
    for store in stores:
        store.run(ADD, [store.key(STREAM)], [])
        write(store)
    for store in stores:
        sink = MemorySink()
        matcher(store, sink).run(until_end=True)
        assert [event.kind for event in sink.events] == ["person.appeared", "track.ended"] * 2
        assert store.length(OUTBOX) == 0
        assert store.length(DEAD_LETTERS) == 1
        assert store.length(STREAM) == 1
        again = MemorySink()
        matcher(store, again).run(until_end=True)
        assert not again.events


def test_sites_erase(stores: Sequence[SiteStore]) -> None:
    for store in stores:
        write(store)
        matcher(store, MemorySink()).run(until_end=True)
        lease = acquire(store, 10.0)
        assert lease is not None
        eraser = Eraser(store, lease, keep_s=100.0)
        for track in (1, 1, 2):
            ask(store, person_id("shop", TrackKey("door", "r", track)))
        eraser.take(time.time())
        assert [(entry.outcome, entry.tracks) for _, entry in audit(store)] == [
            ("erased", 1),
            ("already", 0),
            ("unknown", 0),
        ]
        assert store.length(OUTBOX) == 1
        lease.release()


def test_the_keys_of_a_site_lie_in_one_slot_and_sites_on_several_nodes(cluster_url: str) -> None:
    config = RedisConfig.model_validate({"url": cluster_url, "cluster": True})
    with stores_at(config) as stores, RedisCluster.from_url(cluster_url) as client:
        slots = [
            {client.keyslot(store.key(name)) for name in (STREAM, OUTBOX, sighting_key("a:b:1"))} for store in stores
        ]
        nodes = {client.get_node_from_key(store.key(OUTBOX)).name for store in stores}
    assert [len(of_site) for of_site in slots] == [1] * SITES
    assert len(nodes) > 1


def write(store: SiteStore) -> None:
    """Two persons, one after the other."""
    writer = EmbeddingWriter(store, "w", ["door"], model_id=MODEL)
    writer.open()
    for number in range(2):
        cut_s = 9.5 + 10 * number
        window = EmbeddedWindow(
            10.0 * number + 10.0, (embedding(1 + 7 * number, cut_s=cut_s),), (end(1 + 7 * number, cut_s + 0.1),)
        )
        writer.write(window)
    writer.close()


def matcher(store: SiteStore, sink: MemorySink) -> SiteMatcher:
    return SiteMatcher(
        store,
        Expected(frozenset(["door"]), MODEL, 8),
        Retention(),
        lambda gallery, _: Matcher(gallery, Site(name="shop"), MatchParams(threshold=0.9)),
        lambda: sink,
        SiteMatcherParams(RedisConfig(lease_s=2.0)),
        Metrics(),
        Health(),
    )
