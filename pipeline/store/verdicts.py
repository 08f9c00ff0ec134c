"""Verdicts of operators in Redis: the view writes them, and the matcher that decides takes them between two windows."""

import json
import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from passerby_events.tracks import TrackKey
from pipeline.matching.verdicts import Verdict
from pipeline.records import EmbeddedWindow
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import VERDICTS
from pipeline.store.lease import Lease
from pipeline.store.view_scripts import SAY_VERDICT, SETTLE_VERDICTS

logger = logging.getLogger(__name__)

MOST_VERDICTS = 1000
"""May wait; whoever says more is refused."""
WAITS_S = 24 * 3600
"""A verdict that no matcher took is forgotten after the last one has waited for so long."""
AT_ONCE = 100
"""In one window."""


def say_verdict(store: SiteStore, verdict: Verdict) -> None:
    """Writes a verdict, for the matcher that decides.

    Raises:
        StoreError: if too many wait.
    """
    fields = {
        "id": str(verdict.id),
        "is_same": verdict.is_same,
        "given_at": verdict.given_at,
        "seen": [verdict.seen.camera, verdict.seen.session, verdict.seen.track],
        "seen_before": [verdict.seen_before.camera, verdict.seen_before.session, verdict.seen_before.track],
    }
    if not store.run(SAY_VERDICT, [], [MOST_VERDICTS, WAITS_S, json.dumps(fields)]):
        raise StoreError(f"{MOST_VERDICTS} verdicts wait already: is a matcher running?")


class RedisVerdicts:
    """The verdicts of a site, under one lease. The matcher's thread."""

    def __init__(self, store: SiteStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._entries: dict[UUID, bytes] = {}

    def waiting(self) -> Sequence[Verdict]:
        found: list[Verdict] = []
        for entry_id, fields in self._store.entries(VERDICTS, AT_ONCE):
            verdict = _verdict_from(fields)
            if verdict is None:
                logger.warning("verdict %s is passed over: it is none", entry_id.decode())
                self._lease.run(SETTLE_VERDICTS, args=[entry_id])
                continue
            self._entries[verdict.id] = entry_id
            found.append(verdict)
        return found

    def window(self, decided_until_s: float | None) -> EmbeddedWindow | None:
        """An empty one, to carry verdicts out while nobody is seen; None: none waits, or nothing was decided yet."""
        if decided_until_s is None or not self._store.length(VERDICTS):
            return None
        return EmbeddedWindow(decided_until_s, (), ())

    def settle(self, verdicts: Sequence[Verdict]) -> None:
        entries = [self._entries.pop(verdict.id) for verdict in verdicts if verdict.id in self._entries]
        if entries:
            self._lease.run(SETTLE_VERDICTS, args=entries)


def _verdict_from(fields: Mapping[bytes, bytes]) -> Verdict | None:
    """A verdict as it was written; None if it is none, because anybody who reaches Redis can write one."""
    try:
        found = json.loads(fields[b"verdict"])
        seen, before = (TrackKey(str(c), str(s), int(t)) for c, s, t in (found["seen"], found["seen_before"]))
        return Verdict(UUID(found["id"]), bool(found["is_same"]), seen, before, float(found["given_at"]))
    except (KeyError, ValueError, TypeError):
        return None
