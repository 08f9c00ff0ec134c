"""Erasing persons: whoever decides for a site takes the requests between two windows.

One script removes the person's sightings and what was not listed yet, tells consumers, writes the audit and closes the
request: either all of that has happened, or nothing. The names of the erased tracks are kept for as long as tracks are
remembered, so that what comes late of one, or is played a second time, is dropped instead of bringing the person back.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic import ValidationError

from passerby_events.schema import PersonErased, event_from
from pipeline.events.ids import erasure_id, run_id
from pipeline.matching.memory import SightingTable
from pipeline.records import EmbeddedWindow
from pipeline.store.client import Argument, SiteStore
from pipeline.store.erasure_requests import (
    AUDIT_KEPT,
    PAGE,
    AuditEntry,
    ErasureOutcome,
    Request,
    audit,
    request_from,
)
from pipeline.store.keys import (
    ERASED,
    HISTORY,
    MERGED,
    OUTBOX,
    PROGRESS,
    REQUESTS,
    images_key,
    person_key,
    sighting_key,
    track_name,
)
from pipeline.store.lease import Lease
from pipeline.store.scripts import ERASE, KEEP_ERASED

logger = logging.getLogger(__name__)

AT_ONCE = 100
"""Requests between two windows."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of a person.

    Attributes:
        ids: the person's, and those that were merged into it.
        into: who the person is now, if it was merged into another.
        owners: the person of each track, by the name of the track.
        waiting: entries of the outbox that are about the person.
        listed: those of the history.
    """

    ids: tuple[UUID, ...]
    into: UUID | None
    owners: Mapping[str, str]
    waiting: Sequence[bytes]
    listed: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class ErasedDropped:
    """Tracklets and ends of erased tracks were dropped: how many."""

    count: int


class Eraser:
    """Erases under one lease. One thread, that of the matcher, between two windows.

    Args:
        keep_s: how long the site remembers a track, and so the name of an erased one.
        table: the tracks that are held in memory; None if none are.
        observers: are listed what became of each request, and what was dropped of erased tracks.
    """

    def __init__(
        self,
        store: SiteStore,
        lease: Lease,
        *,
        keep_s: float,
        table: SightingTable | None = None,
        observers: Sequence[Callable[[AuditEntry | ErasedDropped], None]] = (),
    ) -> None:
        self._store = store
        self._lease = lease
        self._keep_s = max(1, int(keep_s))
        self._table = SightingTable() if table is None else table
        self._observers = observers
        self._erased = {name.decode() for name in store.members(ERASED)}
        self._dropped: set[str] = set()

    def take(self, now_s: float) -> None:
        """Carries out what was asked for.

        Args:
            now_s: seconds since the epoch.

        Raises:
            LeaseLost: if another decides now; nothing has been done.
            StoreUnavailable: whether a request was carried out is not known; if not, it still waits.
        """
        self._keep_dropped(now_s)
        for entry_id, fields in self._store.entries(REQUESTS, AT_ONCE):
            if (request := request_from(fields)) is not None:
                self._carry_out(entry_id, request, now_s)
            else:
                logger.warning("request %s to erase is passed over: it is none", entry_id.decode())
                self._store.remove_entries(REQUESTS, [entry_id])

    def put_back(self, now_s: float) -> None:
        """Redis has lost the names of erased tracks: writes those that are known here once more."""
        if self._erased:
            self._lease.run(KEEP_ERASED, args=[now_s, self._keep_s, *sorted(self._erased)])
            logger.warning(
                "the names of %d erased tracks are put back: this matcher remembered them", len(self._erased)
            )

    def without_erased(self, windows: Iterable[EmbeddedWindow]) -> Iterator[EmbeddedWindow]:
        """Windows without what they say of erased tracks."""
        for window in windows:
            yield self._without_erased(window) if self._erased else window

    def _without_erased(self, window: EmbeddedWindow) -> EmbeddedWindow:
        embeddings = tuple(each for each in window.embeddings if track_name(each.track) not in self._erased)
        ended = tuple(each for each in window.ended if track_name(each.track) not in self._erased)
        dropped = len(window.embeddings) - len(embeddings) + len(window.ended) - len(ended)
        if not dropped:
            return window
        tracks = {*(each.track for each in window.embeddings), *(each.track for each in window.ended)}
        self._dropped |= self._erased.intersection(map(track_name, tracks))
        self._report(ErasedDropped(dropped))
        return replace(window, embeddings=embeddings, ended=ended)

    def _keep_dropped(self, now_s: float) -> None:
        """A track of which there still comes something is not forgotten yet."""
        if self._dropped:
            self._lease.run(KEEP_ERASED, args=[now_s, self._keep_s, *sorted(self._dropped)])
            self._dropped.clear()

    def _carry_out(self, entry_id: bytes, request: Request, now_s: float) -> None:
        found = self._find(request.person)
        outcome = self._outcome(request, found)
        is_reported = outcome in ("erased", "reported")
        audited = AuditEntry(
            at=now_s,
            request=request.id,
            person=request.person,
            outcome=outcome,
            ids=found.ids if is_reported else (),
            into=found.into,
        )
        reply = self._lease.run(ERASE, self._keys(audited, found), self._args(entry_id, audited, found, now_s))
        if not reply:
            return
        tracks, events, names = reply
        self._forget({name.decode() for name in names})
        done = audited.model_copy(update={"tracks": tracks, "events": events})
        logger.warning("audit: %s", done.model_dump_json())
        self._report(done)

    def _report(self, what: AuditEntry | ErasedDropped) -> None:
        for observer in self._observers:
            observer(what)

    def _outcome(self, request: Request, found: _Found) -> ErasureOutcome:
        if found.owners or found.waiting:
            return "erased"
        if found.into:
            return "merged"
        if request.tells_anyway:
            return "reported"
        return "already" if any(request.person in entry.ids for _, entry in audit(self._store)) else "unknown"

    def _find(self, person: UUID) -> _Found:
        into = {UUID(old.decode()): UUID(new.decode()) for old, new in self._store.hash(MERGED).items()}
        ids = (person, *sorted((old for old in into if _last(old, into) == person and old != person), key=str))
        owners = self._owners(ids)
        waiting, listed = (list(self._about(stream, set(ids))) for stream in (OUTBOX, HISTORY))
        return _Found(ids, _last(person, into) if person in into else None, owners, waiting, listed)

    def _owners(self, ids: Sequence[UUID]) -> dict[str, str]:
        """Tracks by Redis, those of another network included; and by the table, whatever Redis still has of them."""
        owners: dict[str, str] = {}
        hashes = self._store.hashes([self._store.key(person_key(each)) for each in ids])
        for each, tracks in zip(ids, hashes, strict=True):
            owners |= dict.fromkeys((name.decode() for name in tracks), str(each))
        for index in range(len(self._table)):
            row = self._table.row(index)
            if row.person in ids:
                owners[track_name(row.track)] = str(row.person)
        return owners

    def _about(self, stream: str, ids: set[UUID]) -> Iterator[bytes]:
        names = [str(each).encode() for each in ids]
        after = None
        while entries := self._store.entries(stream, PAGE, after=after):
            after = entries[-1][0]
            for entry_id, fields in entries:
                content = fields.get(b"event", b"")
                if any(name in content for name in names) and _is_about(content, ids):
                    yield entry_id

    def _keys(self, audited: AuditEntry, found: _Found) -> list[str]:
        tracks = (key(name) for name in found.owners for key in (sighting_key, images_key))
        names = [*tracks, *map(person_key, audited.ids)]
        return [self._store.key(name) for name in names]

    def _args(self, entry_id: bytes, audited: AuditEntry, found: _Found, now_s: float) -> list[Argument]:
        audit_line = audited.model_dump_json(exclude={"tracks", "events"})
        args: list[Argument] = [entry_id, now_s, self._keep_s, AUDIT_KEPT, audit_line]
        args += (len(found.owners), *(word for pair in found.owners.items() for word in pair))
        args += (len(audited.ids), *map(str, audited.ids))
        args += (len(found.waiting), *found.waiting)
        args += (len(found.listed), *found.listed)
        args += (event.model_dump_json() for event in self._erasures(audited, now_s))
        return args

    def _erasures(self, audited: AuditEntry, now_s: float) -> Iterator[PersonErased]:
        site, named = self._store.site, self._store.hash(PROGRESS).get(b"run")
        run = UUID(named.decode()) if named else run_id(site, audited.request)
        for each in audited.ids:
            new_id = erasure_id(site, each, audited.request)
            yield PersonErased(event_id=new_id, site=site, run=run, person=each, erased_at=now_s)

    def _forget(self, names: set[str]) -> None:
        self._erased |= names
        rows = [index for index in range(len(self._table)) if track_name(self._table.row(index).track) in names]
        for index in reversed(rows):
            self._table.forget(index)


def _last(person: UUID, into: Mapping[UUID, UUID]) -> UUID:
    """Who somebody is after all that were merged; each step is taken once."""
    for _ in range(len(into)):
        person = into.get(person, person)
    return person


def _is_about(content: bytes, ids: set[UUID]) -> bool:
    """What tells consumers of an erasure stays."""
    try:
        event = event_from(content)
    except ValidationError:
        return False
    return event.kind != "person.erased" and event.person in ids
