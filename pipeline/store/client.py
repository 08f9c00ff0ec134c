"""Redis as one site sees it: its keys, which all share a hash tag, and scripts that run as one transaction.

The one module that knows the client. It never repeats a call by itself: whether a call that broke off was carried out
is for the caller to find out.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ClusterDownError, NoScriptError, ReadOnlyError, RedisClusterException
from redis.retry import Retry

from passerby_events.errors import PasserbyError
from pipeline.store.error_text import reason_of, refusal_of, show_address, tls_fault_of
from pipeline.store.keys import prefix
from pipeline.store.lua import Script
from pipeline.store.scripts import REMOVE

CALL_TIMEOUT_S = 10.0
"""Of one call; longer than any script takes. A wait adds its own length."""
Argument = str | bytes | int | float
Reply = Any
"""What Redis answers: numbers, bytes, and lists of them."""

Command = Literal["DEL", "GET", "HGETALL", "INFO", "XGROUP CREATE", "XLEN", "XRANGE", "XREAD", "ZRANGE", "ZREM"]
"""What is called beside scripts."""


class StoreError(PasserbyError):
    """Redis refuses: a wrong password, a missing permission, a version that is too old."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state of the world, not a fault
    """Redis cannot be reached, or is still loading; whether the last call was carried out is not known."""


class StoreReadOnly(StoreUnavailable):
    """A replica answers, which nobody may write to; a new master may soon."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself.

    Attributes:
        version: of the program, such as `7.0.15`.
        mode: `standalone`, `cluster` or `sentinel`.
    """

    version: str
    mode: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """How a server keeps what it is given.

    Attributes:
        max_memory: bytes; 0: as much as there is.
        policy: what it does when that is full, such as `noeviction`.
        appends: whether it writes each command to a file, and knows all of it when it is started again.
    """

    max_memory: int
    policy: str
    appends: bool


class LeaseLost(Exception):  # noqa: N818 - a state of the world, not a fault
    """Another matcher decides for the site now."""


class StoreLost(StoreError):  # noqa: N818 - a state of the world, not a fault
    """Redis has forgotten what it had acknowledged."""


class StreamLost(StoreLost):
    """Redis has forgotten the stream of embeddings; whoever makes it again can say what waited there."""


class SiteStore:
    """One site's keys in Redis, from any thread.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, with the user and password of an ACL where there is one.
        site: name of the site.
        is_cluster: the address is that of a node of a cluster, which names the others and is asked at once.
        timeout_s: of connecting, and of one call.

    Attributes:
        address: the address as it may be shown: without user, password and options.
        site: name of the site.

    Raises:
        StoreError: if the address is none; StoreUnavailable: if no node of the cluster can be reached.
    """

    def __init__(self, url: str, site: str, *, is_cluster: bool = False, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self.address = show_address(url)
        self.site = site
        self._prefix = prefix(site)
        self._is_cluster = is_cluster
        options = {"retry": Retry(NoBackoff(), 0), "socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
        # Without `driver_info` the client says at each connection who it is, for which our user has no right.
        options |= {"driver_info": None}
        try:
            (urlsplit(url).hostname or "").encode("idna")
            with self._faults():
                self._client: Any = (RedisCluster if is_cluster else redis.Redis).from_url(url, **options)
        except (ValueError, TypeError) as error:
            raise StoreError("expected an address of Redis such as rediss://user:password@host:6380/0") from error

    def server(self) -> Server:
        """What answers at the address; of a cluster, any node."""
        asked = {"target_nodes": self._client.get_random_node()} if self._is_cluster else {}
        try:
            with self._faults():
                reply = self._client.execute_command("HELLO", **asked)
        except TypeError as error:
            raise StoreError(f"expected options that the client knows after {self.address}, found: {error}") from error
        fields = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
        return Server(fields[b"version"].decode(), fields[b"mode"].decode())

    def eviction_policy(self) -> str | None:
        """How Redis throws away what it likes when it is full, by its own name for that; None: it does not."""
        memory = self._info("memory")
        policy = str(memory["maxmemory_policy"])
        return None if policy == "noeviction" or not int(memory["maxmemory"]) else policy

    def keeping(self) -> Keeping:
        """How the server keeps what it is given; of a cluster, any node."""
        memory, files = self._info("memory"), self._info("persistence")
        return Keeping(int(memory["maxmemory"]), str(memory["maxmemory_policy"]), bool(int(files["aof_enabled"])))

    def key(self, name: str) -> str:
        return self._prefix + name

    def run(self, code: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Runs a script.

        Args:
            keys: whole keys of this site, beyond those that the script names.
            args: all of its arguments.

        Raises:
            LeaseLost: if the script is fenced, and the token is not that of the lease.
            StoreLost: if Redis has forgotten what it had acknowledged.
            StoreError: if Redis refuses; StoreUnavailable: if it cannot be reached.
        """
        whole = [*map(self.key, code.keys), *keys]
        with self._faults():
            try:
                return self._client.evalsha(code.sha, len(whole), *whole, *args)
            except NoScriptError:
                return self._client.eval(code.text, len(whole), *whole, *args)

    def hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The hashes of some keys, in one round trip; a key that is not there has an empty one."""
        with self._faults():
            pipeline = self._client.pipeline(transaction=False)
            for key in keys:
                _call(pipeline, "HGETALL", key)
            found: list[dict[bytes, bytes]] = pipeline.execute()
            return found

    def text(self, name: str) -> bytes | None:
        """What a string holds; None if it is not there."""
        found: bytes | None = self._ask("GET", self.key(name))
        return found

    def hash(self, name: str) -> Mapping[bytes, bytes]:
        found: dict[bytes, bytes] = self._ask("HGETALL", self.key(name))
        return found

    def members(self, name: str) -> list[bytes]:
        """The members of a sorted set, lowest score first."""
        found: list[bytes] = self._ask("ZRANGE", self.key(name), 0, -1)
        return found

    def remove_members(self, name: str, members: Sequence[str]) -> None:
        """Removes members from a sorted set; none of them need be there."""
        if members:
            self._ask("ZREM", self.key(name), *members)

    def entries(self, name: str, count: int, *, after: bytes | None = None) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """The oldest entries of a stream, or the oldest after one, with their fields."""
        start = b"-" if after is None else b"(" + after
        found: list[tuple[bytes, dict[bytes, bytes]]] = self._ask("XRANGE", self.key(name), start, "+", "COUNT", count)
        return found

    def length(self, name: str) -> int:
        """Entries in a stream."""
        return int(self._ask("XLEN", self.key(name)))

    def remove_entries(self, name: str, ids: Sequence[bytes]) -> None:
        """Removes entries from a stream that the ledger counts; none of them need be there."""
        self.run(REMOVE, [self.key(name)], [name, *ids])

    def delete(self, names: Sequence[str]) -> None:
        """Deletes keys of this site; none of them need be there."""
        self._ask("DEL", *(self.key(name) for name in names))

    def make_group(self, name: str, group: str) -> bool:
        """Makes a stream and its consumer group, which begins with the oldest entry; whether it was not there yet."""
        with self._faults():
            try:
                _call(self._client, "XGROUP CREATE", self.key(name), group, "0", "MKSTREAM")
                return True
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
                return False

    def wait_for_entry(self, name: str, after: bytes, wait_s: float) -> None:
        """Returns when a stream has an entry after that id, or after `wait_s`, at most half of `CALL_TIMEOUT_S`."""
        milliseconds = max(1, int(1000 * min(wait_s, CALL_TIMEOUT_S / 2)))
        self._ask("XREAD", "BLOCK", milliseconds, "COUNT", 1, "STREAMS", self.key(name), after)

    def close(self) -> None:
        self._client.close()

    def _info(self, section: str) -> Mapping[str, Any]:
        asked = {"target_nodes": self._client.get_random_node()} if self._is_cluster else {}
        with self._faults():
            found: Mapping[str, Any] = self._client.execute_command("INFO", section, **asked)
            return found

    def _ask(self, command: Command, *args: Argument) -> Reply:
        with self._faults():
            return _call(self._client, command, *args)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """The client's errors as ours, which name the address and no password."""
        try:
            yield
        except (redis.RedisError, RedisClusterException) as error:
            if _is_of_replica(error):
                self._forget_connections()
            raise self._fault(_innermost(error)) from error

    def _forget_connections(self) -> None:
        """A name may stand for another server by now; a cluster's client looks that up by itself."""
        if not self._is_cluster:
            self._client.connection_pool.disconnect()

    def _fault(self, error: Exception) -> Exception:
        at = f"Redis at {self.address}"
        match error:
            case redis.ResponseError() if _is_of_replica(error):
                return StoreReadOnly(f"expected a master at {self.address}, found a replica: name its master")
            case redis.ConnectionError() if self.address.startswith("rediss:") and (fault := tls_fault_of(error)):
                return StoreError(f"no TLS with {at}: {fault}")
            case redis.ResponseError() if "FENCED" in str(error):
                return LeaseLost("another matcher decides for this site now")
            case redis.ResponseError() if "NOGROUP" in str(error):
                return StreamLost(f"{at} has lost the stream of embeddings")
            case redis.ResponseError() if "LOST " in str(error):
                return StoreLost(f"{at} has lost decisions that it had acknowledged")
            case redis.ResponseError() if "cluster support disabled" in str(error):
                return StoreError(f"found a server of its own at {self.address}: set `redis: {{cluster: false}}`")
            case RedisClusterException() if "querystring" in str(error):
                return StoreError(f"a cluster has no databases but 0, found {self.address}")
            case redis.ResponseError() if _is_passing(error):
                return StoreUnavailable(f"cannot reach {at} ({reason_of(error)})")
            case redis.AuthenticationError() | redis.ResponseError():
                return StoreError(f"{at} refuses: {refusal_of(error)}")
        return StoreUnavailable(f"cannot reach {at} ({reason_of(error)})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _call(client: Any, command: Command, *args: Argument) -> Reply:
    return client.execute_command(command, *args)


def _is_of_replica(error: Exception) -> bool:
    """As Redis 7 and later, and as 6.2 say it, also to who waits for an entry meanwhile."""
    return isinstance(error, ReadOnlyError) or "-READONLY" in str(error) or str(error).startswith("UNBLOCKED")


def _is_passing(error: Exception) -> bool:
    """A cluster that chooses a new master, another's script that takes long."""
    return isinstance(error, ClusterDownError) or str(error).startswith("BUSY ")


def _innermost(error: Exception) -> Exception:
    """What a node said, where the client only says that it has no cluster."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, RedisClusterException) and isinstance(cause, redis.RedisError | RedisClusterException):
        return _innermost(cause)
    return error
