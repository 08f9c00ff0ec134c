"""The first contact with Redis: it is there soon and allows all that a site needs, or the process ends and says why.

Who starts against a wrong address would otherwise wait for ever, and who may not write would find that out with the
first person who walks by.
"""

import time
from collections.abc import Callable

from pipeline.config import RedisConfig
from pipeline.store.client import SiteStore, StoreError, StoreReadOnly, StoreUnavailable
from pipeline.store.permissions import PROBE

OLDEST = (6, 2)
TRY_S = 3.0
"""At most for one try, in which nobody hears that the process is to stop."""
PAUSE_S = 0.2
"""Between two tries."""


def open_store(config: RedisConfig, site: str, *, gives_up: Callable[[], bool] = lambda: False) -> SiteStore:
    """The store of a site, after it was reached and everything that a site needs was tried.

    Args:
        gives_up: asked between two tries; the last failure is raised when it says so.

    Raises:
        ConfigError: if there is no address.
        StoreError: if Redis refuses; StoreUnavailable: if it was not reached within `config.start_patience_s`.
    """
    url, ends_s = config.address(), time.monotonic() + config.start_patience_s
    while True:
        left_s = max(0.1, min(TRY_S, ends_s - time.monotonic()))
        try:
            with SiteStore(url, site, is_cluster=config.cluster, timeout_s=left_s) as store:
                _probe(store, is_cluster=config.cluster)
            return SiteStore(url, site, is_cluster=config.cluster)
        except StoreReadOnly:
            raise
        except StoreUnavailable as error:
            if time.monotonic() + PAUSE_S > ends_s or gives_up():
                raise StoreUnavailable(_last_word(error, config)) from error
        time.sleep(PAUSE_S)


def _probe(store: SiteStore, *, is_cluster: bool) -> None:
    server = store.server()
    if server.mode == "sentinel":
        raise StoreError(f"expected a Redis at {store.address}, found a sentinel: name the server that it watches")
    if (server.mode == "cluster") is not is_cluster:
        wanted = str(not is_cluster).lower()
        found = "a node of a cluster" if server.mode == "cluster" else "a server of its own"
        raise StoreError(f"found {found} at {store.address}: set `redis: {{cluster: {wanted}}}`")
    if tuple(map(int, server.version.split(".")[:2])) < OLDEST:
        raise StoreError(f"expected Redis 6.2 or newer at {store.address}, found {server.version}: upgrade it")
    store.run(PROBE, [], [])
    if policy := store.eviction_policy():
        raise StoreError(f"{forgets(store, policy)}: set `maxmemory-policy noeviction`")


def forgets(store: SiteStore, policy: str) -> str:
    """What a policy of eviction means."""
    return f"Redis at {store.address} throws away persons and undecided messages when it is full ({policy})"


_AFTER_HANGING_UP = {
    False: " to rediss://, if it takes only TLS",
    True: " with ?ssl_certfile=FILE&ssl_keyfile=FILE, if it asks for a certificate of ours",
}
"""What may be wrong where a server ends connections at once, by whether we come with TLS."""


def _last_word(error: StoreUnavailable, config: RedisConfig) -> str:
    where = f"set {config.url_env}" if config.url is None else "mend `redis: {url: ...}`"
    reported = str(error)
    if "no TLS handshake" in reported:
        where += " to redis://, if it takes no TLS"
    elif any(word in reported for word in ("reset", "closed", "EOF", "broken pipe")):
        where += _AFTER_HANGING_UP["rediss://" in reported]
    return f"{reported} within {config.start_patience_s:g} s: start it, or {where}"
