"""A Redis cluster, for the galleries."""

from collections.abc import Iterator

import pytest

from pipeline.store.client import SiteStore
from testing.services.needed import need_redis_server
from testing.services.redis_cluster import RedisCluster
from testing.services.site_store import site_of_its_own


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A node of three masters."""
    need_redis_server()
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster")).start()
    yield cluster.url
    cluster.stop()


@pytest.fixture
def cluster_store(cluster_url: str) -> Iterator[SiteStore]:
    """A site of this test's own in a cluster."""
    with site_of_its_own(cluster_url, is_cluster=True) as store:
        yield store
