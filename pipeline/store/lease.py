"""The lease by which one matcher decides for a site, while others stand by.

Every lease has a token that no other ever had, and all that a matcher writes carries it: a matcher that was frozen
past its lease, and wakes up, writes nothing (Redis compares the tokens inside the transaction).
"""

from pipeline.store.client import SiteStore, fenced, script

_ACQUIRE = script("""
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[2] then return 0 end
local token = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], token, 'PX', ARGV[1])
return token
""")
_RENEW = fenced("return 1")
_RELEASE = fenced("redis.call('DEL', KEYS[1])")


class Lease:
    """One term of one matcher. Reading and committing renew it; `renew` does where neither happens for long.

    Attributes:
        key: where it lies.
        token: tells it from every other term.
        duration_ms: it ends this long after it was last renewed.
    """

    def __init__(self, store: SiteStore, token: int, duration_ms: int) -> None:
        self._store = store
        self.key = store.key("lease")
        self.token = token
        self.duration_ms = duration_ms

    def renew(self) -> None:
        """Raises LeaseLost if another has it, or nobody."""
        self._store.run(_RENEW, [self.key], [self.token, self.duration_ms])

    def release(self) -> None:
        """Ends it at once, so that nobody has to wait; raises LeaseLost if it had ended."""
        self._store.run(_RELEASE, [self.key], [self.token, self.duration_ms])


def acquire(store: SiteStore, duration_s: float, *, replaces: Lease | None = None) -> Lease | None:
    """A lease of the site with a new token, or None while another matcher has one.

    Args:
        replaces: a lease of this matcher's that may still last; what was sent under it, and comes late, is refused.
    """
    duration_ms = int(1000 * duration_s)
    before = replaces.token if replaces else ""
    token = int(store.run(_ACQUIRE, [store.key("lease"), store.key("token")], [duration_ms, before]))
    return Lease(store, token, duration_ms) if token else None
