"""Whether Redis still has what it should have.

What a site puts into its streams, and takes out of them, is counted in the ledger by the script that does it. A stream
that holds less than was counted has lost the rest: Redis threw it away, or somebody deleted it. Who decides looks
between two windows, and remembers what it saw, for a Redis that has lost the ledger too.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.store.client import SiteStore
from pipeline.store.keys import AUDIT, DEAD_LETTERS, ERASED, LEDGER, OUTBOX, REQUESTS
from pipeline.store.lease import Lease
from pipeline.store.scripts import LOOK, SETTLE

logger = logging.getLogger(__name__)

COUNTED = {
    OUTBOX: "events that waited to be delivered",
    REQUESTS: "requests to erase a person",
    AUDIT: "entries of the audit of erasures",
    DEAD_LETTERS: "dead letters",
    ERASED: "names of erased tracks",
}
"""What is counted, in the order in which `LOOK` answers."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at Redis showed.

    Attributes:
        messages, events: that wait.
        lost: what Redis should have and has not, and how many of it.
    """

    messages: int
    events: int
    lost: Mapping[str, int]


class Ledger:
    """What one matcher knows of the ledger, over all its terms. One thread."""

    def __init__(self, store: SiteStore) -> None:
        self._store = store
        self._seen: dict[str, int] = {}

    @property
    def is_known(self) -> bool:
        """Whether a matcher has ever decided here, so that there was a stream of embeddings."""
        return bool(self._seen) or b"is_kept" in self._store.hash(LEDGER)

    def remember(self) -> None:
        """Without the lease: what should be there by now."""
        counted = self._store.hash(LEDGER)
        if b"is_kept" in counted:
            self._seen |= {name: int(counted.get(name.encode(), 0)) for name in COUNTED if name != ERASED}

    def look(self, lease: Lease) -> Look:
        """Compares, says what is lost, and counts from here on what there is.

        Raises:
            LeaseLost: if another matcher decides now.
        """
        is_kept, messages, *pairs = lease.run(LOOK)
        counted = {name: int(count) for name, (count, _) in zip(COUNTED, pairs, strict=True)}
        found = {name: int(count) for name, (_, count) in zip(COUNTED, pairs, strict=True)}
        before = counted if is_kept else counted | self._seen
        lost = {name: before[name] - found[name] for name in COUNTED if before[name] > found[name]}
        self._seen = found
        if lost:
            what = ", ".join(f"{count} {COUNTED[name]}" for name, count in lost.items())
            logger.warning("Redis at %s lost %s", self._store.address, what)
        if counted != found or not is_kept:
            self._settle(lease, {name: counted[name] - found[name] for name in COUNTED})
        return Look(messages, found[OUTBOX], lost)

    def _settle(self, lease: Lease, missing: Mapping[str, int]) -> None:
        of_streams = (word for name, count in missing.items() if name != ERASED for word in (name, count))
        lease.run(SETTLE, args=[missing[ERASED], *of_streams])
