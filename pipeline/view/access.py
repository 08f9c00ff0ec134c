"""Who may see what: tokens, sessions, a proxy's word, names by which a browser may call, and how often anybody may."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal

from starlette.datastructures import Headers

from pipeline.config_view import LOOPBACK, ViewConfig

Role = Literal["viewer", "operator"]
COOKIE = "passerby"
SESSION_S = 12 * 3600.0
MOST_SESSIONS = 1000
MOST_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        address: of the other end.
        headers: in small letters.
        cookie: of a session.
    """

    address: str
    headers: Mapping[str, str]
    cookie: str | None


class Access:
    """Decides who somebody is. One thread, that of the server."""

    def __init__(self, config: ViewConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._tokens: list[tuple[Role, str]] = []
        for role, token in (("operator", config.operator_token), ("viewer", config.viewer_token)):
            if token is not None:
                self._tokens.append((role, token.get_secret_value()))  # type: ignore[arg-type]
        self._sessions: OrderedDict[str, tuple[Role, float]] = OrderedDict()

    @property
    def is_open(self) -> bool:
        """Whether nobody is asked who they are."""
        return self._config.is_open

    def role(self, caller: Caller) -> Role | None:
        """What somebody may do; None: nothing."""
        if self._config.is_open:
            return "operator"
        proxy = self._config.proxy
        if proxy is not None and caller.address in proxy.addresses:
            claim = caller.headers.get(proxy.header.lower())
            if claim in ("viewer", "operator"):
                return "operator" if claim == "operator" else "viewer"
        scheme, _, token = caller.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.role_of(token.strip())
        return self._role_of_session(caller.cookie)

    def client(self, address: str, headers: Headers) -> str:
        """Whose request it is: who sent it; behind a proxy of ours, for whom that asks.

        Args:
            address: of the other end.
            headers: a client may have sent some of them; what a proxy adds stands behind.
        """
        proxy = self._config.proxy
        if proxy is None or address not in proxy.addresses:
            return address
        forwarded = ",".join(headers.getlist(proxy.client_header)).split(",")
        client = next((each for each in map(str.strip, reversed(forwarded)) if each not in proxy.addresses), "")
        return _address_of(client) or address

    def role_of(self, token: str) -> Role | None:
        """What a token is good for; as long for a wrong one as for a right one."""
        found: Role | None = None
        for role, wanted in self._tokens:
            if hmac.compare_digest(wanted.encode(), token.encode()) and found is None:
                found = role
        return found

    def open_session(self, role: Role) -> str:
        """The secret of a new session, for a cookie."""
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = role, self._clock() + SESSION_S
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return secret

    def close_session(self, secret: str | None) -> None:
        if secret:
            self._sessions.pop(_digest(secret), None)

    def _role_of_session(self, secret: str | None) -> Role | None:
        if not secret:
            return None
        role, until_s = self._sessions.get(_digest(secret), (None, 0.0))
        return role if self._clock() < until_s else None

    def is_our_name(self, host: str | None) -> bool:
        """Whether a browser may call us so: a name that somebody else made point here may not."""
        if not self._config.is_open and not self._config.names:
            return True  # a session's cookie is of one name alone
        name = _without_port(host or "")
        return name in {*LOOPBACK, self._config.host, *self._config.names}


def _address_of(text: str) -> str | None:
    """An address without a port; None if it is none."""
    for each in (text, _without_port(text)):
        try:
            return str(ip_address(each))
        except ValueError:
            continue
    return None


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(slots=True)
class _Bucket:
    left: float
    at_s: float


@dataclass(slots=True)
class RateLimit:
    """So many requests of one address: a burst, refilled at a rate.

    Attributes:
        per_s: refill.
        burst: at once.
    """

    per_s: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)

    def allows(self, address: str) -> bool:
        """Takes one, if there is one left."""
        now_s = self.clock()
        bucket = self._buckets.pop(address, None) or _Bucket(self.burst, now_s)
        bucket.left = min(self.burst, bucket.left + (now_s - bucket.at_s) * self.per_s)
        bucket.at_s = now_s
        self._buckets[address] = bucket
        while len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True
