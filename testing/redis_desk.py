"""A gallery in Redis with all that it needs, for tests."""

from collections.abc import Sequence

from passerby_events.schema import IdentityEvent, event_from
from pipeline.matching.memory import Retention
from pipeline.store.client import SiteStore
from pipeline.store.gallery import RedisGallery
from pipeline.store.keys import OUTBOX
from pipeline.store.lease import Lease, acquire


class RedisDesk:
    """A term of a matcher: a lease, and a gallery under it."""

    def __init__(
        self,
        store: SiteStore,
        retention: Retention | None = None,
        lease: Lease | None = None,
        *,
        model_id: str = "m@1",
    ) -> None:
        granted = lease or acquire(store, 10.0)
        assert granted is not None
        self.lease = granted
        self._store = store
        self.gallery = RedisGallery(store, self.lease, retention or Retention(), model_id=model_id)

    def outbox(self) -> Sequence[IdentityEvent]:
        events = (event_from(fields[b"event"]) for _, fields in self._store.entries(OUTBOX, 10_000))
        return [event for event in events if event.kind != "person.erased"]
