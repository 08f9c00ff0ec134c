"""Redis as one site sees it: its keys, which all share a hash tag, and scripts that run as one transaction.

The one module that knows the client. It never repeats a call by itself: whether a call that broke off was carried out
is for the caller to find out.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

CALL_TIMEOUT_S = 10.0
"""Of one call; longer than any script takes. A wait adds its own length."""
Argument = str | bytes | int | float
Reply = Any
"""What Redis answers: numbers, bytes, and lists of them."""


class StoreError(Exception):
    """Redis refuses: a wrong password, a missing permission, a version that is too old."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state of the world, not a fault
    """Redis cannot be reached, or is still loading; whether the last call was carried out is not known."""


class LeaseLost(Exception):  # noqa: N818 - a state of the world, not a fault
    """Another matcher decides for the site now."""


@dataclass(frozen=True, slots=True)
class Script:
    """Lua that Redis runs in one piece.

    Attributes:
        text: of the script.
        sha: how Redis calls it.
    """

    text: str
    sha: str


def script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def fenced(text: str) -> Script:
    """A script that does nothing but fail unless KEYS[1] is the lease and ARGV[1] its token; lengthens it by ARGV[2]
    milliseconds.
    """
    return script(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED') end\n"
        "redis.call('PEXPIRE', KEYS[1], ARGV[2])\n" + text
    )


class SiteStore:
    """One site's keys in Redis, from any thread.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with the user and password of an ACL where there is one.
        site: name of the site.
        is_cluster: the address is that of a node of a cluster, which names the others.

    Raises:
        StoreError: if the address is none.
    """

    def __init__(self, url: str, site: str, *, is_cluster: bool = False) -> None:
        self._prefix = f"reid:{{{site}}}:"
        options = {
            "retry": Retry(NoBackoff(), 0),
            "socket_timeout": CALL_TIMEOUT_S,
            "socket_connect_timeout": CALL_TIMEOUT_S,
        }
        try:
            with _faults():
                self._client: Any = (RedisCluster if is_cluster else redis.Redis).from_url(url, **options)
        except ValueError as error:
            raise StoreError("expected an address of Redis such as rediss://user:password@host:6380/0") from error

    def key(self, name: str) -> str:
        return self._prefix + name

    def run(self, code: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Runs a script; `keys` are whole keys of this site.

        Raises:
            LeaseLost: if the script is fenced, and the token is not that of the lease.
            StoreError: if Redis refuses; StoreUnavailable: if it cannot be reached.
        """
        with _faults():
            try:
                return self._client.evalsha(code.sha, len(keys), *keys, *args)
            except redis.exceptions.NoScriptError:
                return self._client.eval(code.text, len(keys), *keys, *args)

    def hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The hashes of some keys, in one round trip; a key that is not there has an empty one."""
        with _faults():
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                pipeline.hgetall(key)
            found: list[dict[bytes, bytes]] = pipeline.execute()
            return found

    def hash(self, name: str) -> Mapping[bytes, bytes]:
        with _faults():
            found: dict[bytes, bytes] = self._client.hgetall(self.key(name))
            return found

    def members(self, name: str) -> list[bytes]:
        """The members of a sorted set, lowest score first."""
        with _faults():
            found: list[bytes] = self._client.zrange(self.key(name), 0, -1)
            return found

    def remove_members(self, name: str, members: Sequence[str]) -> None:
        """Removes members from a sorted set; none of them need be there."""
        if members:
            with _faults():
                self._client.zrem(self.key(name), *members)

    def entries(self, name: str, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """The oldest entries of a stream, with their fields."""
        with _faults():
            found: list[tuple[bytes, dict[bytes, bytes]]] = self._client.xrange(self.key(name), count=count)
            return found

    def length(self, name: str) -> int:
        """Entries in a stream."""
        with _faults():
            return int(self._client.xlen(self.key(name)))

    def delete_entries(self, name: str, ids: Sequence[bytes]) -> None:
        with _faults():
            self._client.xdel(self.key(name), *ids)

    def delete(self, names: Sequence[str]) -> None:
        """Deletes keys of this site; none of them need be there."""
        with _faults():
            self._client.delete(*(self.key(name) for name in names))

    def make_group(self, name: str, group: str) -> None:
        """Makes a stream and its consumer group, which begins with the oldest entry; both may be there already."""
        with _faults():
            try:
                self._client.xgroup_create(self.key(name), group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def wait_for_entry(self, name: str, after: bytes, wait_s: float) -> None:
        """Returns when a stream has an entry after that id, or after `wait_s`, at most half of `CALL_TIMEOUT_S`."""
        with _faults():
            milliseconds = max(1, int(1000 * min(wait_s, CALL_TIMEOUT_S / 2)))
            self._client.xread({self.key(name): after}, count=1, block=milliseconds)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _faults() -> Iterator[None]:
    """The client's errors as ours; its messages name no password."""
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise StoreError(f"Redis refuses: {error}; check user, password and permissions") from error
    except (redis.ConnectionError, redis.TimeoutError, redis.exceptions.ClusterDownError) as error:
        raise StoreUnavailable(f"Redis cannot be reached: {error}") from error
    except redis.ResponseError as error:
        if "FENCED" in str(error):
            raise LeaseLost("another matcher decides for this site now") from error
        raise StoreError(f"Redis refuses: {error}") from error
    except redis.RedisError as error:
        raise StoreUnavailable(f"Redis cannot be reached: {error}") from error
