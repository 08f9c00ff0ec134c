"""One site's keys on a real Redis server, for one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import redis
from redis.cluster import RedisCluster

from pipeline.store.client import SiteStore
from pipeline.store.keys import prefix


@contextmanager
def site_of_its_own(url: str, *, is_cluster: bool = False) -> Iterator[SiteStore]:
    """A store with a site that no other test has; its keys are removed afterwards."""
    site = f"test-{uuid4().hex[:12]}"
    with SiteStore(url, site, is_cluster=is_cluster) as store:
        yield store
    client = RedisCluster.from_url(url) if is_cluster else redis.Redis.from_url(url)
    keys = list(client.scan_iter(prefix(site) + "*", count=1000))
    if keys:
        client.delete(*keys)
    client.close()
