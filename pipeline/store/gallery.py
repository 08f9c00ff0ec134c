"""A gallery in Redis: what a site remembers outlives the matcher, and is committed together with what follows from it.

The mirror that search multiplies is the table of the gallery in memory; Redis is read once, at the start. A commit is
one script: it checks the lease, writes sightings and persons, takes tracks that were corrected out of who they were,
appends the events to the outbox, forgets the messages that led to them, and says how far it is now. Either all of
that has happened, or nothing; and a commit that is sent again does nothing.
"""

import logging
import time
from collections.abc import Sequence
from uuid import UUID

from passerby_events.schema import IdentityEvent
from pipeline.matching.memory import Retention, SightingTable, merges_of, past_retention
from pipeline.matching.sightings import Sighting
from pipeline.records import EmbeddedWindow
from pipeline.store.client import Argument, SiteStore
from pipeline.store.embedding_stream import ids_and_workers
from pipeline.store.keys import MERGED, PROGRESS, RECENT, person_key, sighting_key, track_name
from pipeline.store.lease import Lease
from pipeline.store.scripts import COMMIT
from pipeline.store.sighting_fields import FieldsError, head_of, sighting_from, total_of

logger = logging.getLogger(__name__)

LOAD_COUNT = 1000
"""Sightings in one round trip while the mirror is loaded: 4 MB of 512 dimensions."""


class RedisGallery:
    """Remembers in Redis; the mirror is loaded when it is made. One thread, for the term of one lease.

    Args:
        model_id: of the network in use; sightings of another are left to expire.
        history: so many of the newest events are kept, for whoever looks at the site.

    Attributes:
        run: id of the run; None until there was an event.
        commits, acknowledged: number of the last commit, and of the last one that Redis is known to have.
        lost, lost_merges: tracks that were remembered, and former ids of persons who were merged, that Redis has
            forgotten before their time.
        decided_until_s: end of the last window that was committed, by this gallery or an earlier one; None: none was.

    Raises:
        StoreLost: from `commit`, if Redis does not know of the last one; nothing has been written.
        LeaseLost: from `commit`, if another matcher decides now; nothing has been written.
        StoreUnavailable: from `commit`: whether it was carried out is not known; make a new gallery.
    """

    def __init__(
        self,
        store: SiteStore,
        lease: Lease,
        retention: Retention,
        *,
        model_id: str,
        history: int = 0,
    ) -> None:
        self._store = store
        self._lease = lease
        self._retention = retention
        self._model_id = model_id
        self._history = history
        self._table = SightingTable()
        progress = store.hash(PROGRESS)
        self._merged = {UUID(old.decode()): UUID(new.decode()) for old, new in store.hash(MERGED).items()}
        self.commits = int(progress.get(b"commit", 0))
        self.run = UUID(progress[b"run"].decode()) if progress.get(b"run") else None
        self.decided_until_s = float(progress[b"until_s"]) if b"until_s" in progress else None
        self.acknowledged = self.commits
        found = self._load()
        is_fresh = time.time() - float(progress.get(b"at_s", 0)) < retention.keep_s / 2
        self.lost = max(0, int(progress.get(b"tracks", 0)) - found) if is_fresh else 0
        self.lost_merges = max(0, int(progress.get(b"merged", 0)) - len(self._merged)) if is_fresh else 0

    def known(self) -> SightingTable:
        return self._table

    def commit(self, sightings: Sequence[Sighting], events: Sequence[IdentityEvent], window: EmbeddedWindow) -> None:
        left = [self._who(sighting) for sighting in sightings]
        for sighting in sightings:
            self._table.put(sighting)
        past = past_retention(self._table.arrays, self._retention, window.end_s)
        forgotten = [self._table.row(int(index)) for index in past]
        for index in past:
            self._table.forget(int(index))
        self.commits += 1
        ttl_s = max(1, int(self._retention.keep_s))
        self.run = events[0].run if events else self.run
        args: list[Argument] = [self.commits, window.end_s, str(self.run or "")]
        merges = self._merges(events)
        args += (len(self._table), len(self._merged), time.time(), ttl_s, self._history, len(sightings))
        for each in sightings:
            args += (track_name(each.track), head_of(each), str(each.person or ""), total_of(each), each.end_s)
        args += (len(forgotten), *(track_name(each.track) for each in forgotten))
        args += merges
        args += (len(events), *(event.model_dump_json() for event in events))
        args += ids_and_workers(window.entries)
        self._lease.run(COMMIT, self._keys(sightings, left, forgotten), args)
        self.decided_until_s = window.end_s
        self.acknowledged = self.commits

    def _who(self, sighting: Sighting) -> UUID | None:
        """Who a track was before this commit; who it is now, if it was nobody."""
        index = self._table.index(sighting.track)
        before = None if index is None else self._table.row(index).person
        return before or sighting.person

    def _keys(
        self, sightings: Sequence[Sighting], left: Sequence[UUID | None], forgotten: Sequence[Sighting]
    ) -> list[str]:
        names: list[str] = []
        for each, before in zip(sightings, left, strict=True):
            names += (sighting_key(track_name(each.track)), person_key(each.person), person_key(before))
        for each in forgotten:
            names += (sighting_key(track_name(each.track)), person_key(each.person))
        return [self._store.key(name) for name in names]

    def _merges(self, events: Sequence[IdentityEvent]) -> list[Argument]:
        """Who is who since persons were merged: what is new about that, and of whom nothing is remembered any more."""
        news = merges_of(events, self._merged)
        self._merged |= news
        gone = [old for old, new in self._merged.items() if self._table.number(new) is None]
        for old in gone:
            del self._merged[old]
        pairs = (str(each) for pair in news.items() for each in pair)
        return [len(news), *pairs, len(gone), *map(str, gone)]

    def _load(self) -> int:
        """Reads the mirror; says how many tracks Redis still has."""
        count = 0
        names = [name.decode() for name in self._store.members(RECENT)]
        for start in range(0, len(names), LOAD_COUNT):
            self._lease.renew()
            page = names[start : start + LOAD_COUNT]
            found = dict(
                zip(page, self._store.hashes([self._store.key(sighting_key(name)) for name in page]), strict=True)
            )
            for name, fields in found.items():
                self._remember(name, fields)
            count += sum(bool(fields) for fields in found.values())
            self._store.remove_members(RECENT, [name for name, fields in found.items() if not fields])
        return count

    def _remember(self, name: str, fields: dict[bytes, bytes]) -> None:
        if not fields:
            return
        try:
            sighting = sighting_from(fields)
        except FieldsError as error:
            logger.warning("sighting %s is passed over: %s", name, error)
            return
        if sighting.model_id == self._model_id:
            self._table.put(sighting)
