"""The lease by which one matcher decides for a site, while others stand by.

Every lease has a token that no other ever had, and all that a matcher writes carries it: a matcher that was frozen
past its lease, and wakes up, writes nothing (Redis compares the tokens inside the transaction). Tokens are drawn at
random and not counted: a Redis that has forgotten some of its keys, or comes back older than it was, would count the
same one out twice, and two matchers would decide at once.
"""

from collections.abc import Sequence
from uuid import uuid4

from pipeline.store.client import Argument, Reply, SiteStore
from pipeline.store.lease_scripts import ACQUIRE, RELEASE, RENEW
from pipeline.store.lua import Script


class Lease:
    """One term of one matcher. Reading and committing renew it; `renew` does where neither happens for long.

    Attributes:
        token: tells it from every other term.
        duration_ms: it ends this long after it was last renewed.
    """

    def __init__(self, store: SiteStore, token: str, duration_ms: int) -> None:
        self._store = store
        self.token = token
        self.duration_ms = duration_ms

    def run(self, code: Script, keys: Sequence[str] = (), args: Sequence[Argument] = ()) -> Reply:
        """Runs a fenced script; see `SiteStore.run`. Raises LeaseLost if another has the lease, or nobody."""
        return self._store.run(code, keys, [self.token, self.duration_ms, *args])

    def renew(self) -> None:
        """Raises LeaseLost if another has it, or nobody."""
        self.run(RENEW)

    def release(self) -> None:
        """Ends it at once, so that nobody has to wait; raises LeaseLost if it had ended."""
        self.run(RELEASE)


def acquire(store: SiteStore, duration_s: float, *, replaces: Lease | None = None) -> Lease | None:
    """A lease of the site with a new token, or None while another matcher has one.

    Args:
        replaces: a lease of this matcher's that may still last; what was sent under it, and comes late, is refused.
    """
    duration_ms = int(1000 * duration_s)
    token, before = uuid4().hex, replaces.token if replaces else ""
    return Lease(store, token, duration_ms) if store.run(ACQUIRE, [], [token, duration_ms, before]) else None
