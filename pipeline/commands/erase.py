"""`reid-pipeline erase`: a person is forgotten, and everybody who was told of the person is told so.

The matcher that decides for the site does it, between two windows; where none does, this command takes its place for
the moment.
"""

import sys
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

from pipeline.config import RedisConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import load_config, parse
from pipeline.matching.memory import Retention
from pipeline.site import Site
from pipeline.store.client import LeaseLost, SiteStore
from pipeline.store.erasure import Eraser
from pipeline.store.erasure_requests import AuditEntry, ErasureError, Request, ask, audit
from pipeline.store.keys import AUDIT
from pipeline.store.lease import acquire
from pipeline.store.startup import open_store

POLL_S = 0.5
"""Between two looks whether a matcher decides for the site."""


@dataclass(frozen=True, slots=True)
class Target:
    """A site as far as this command needs to know it.

    Attributes:
        redis: where it lies.
        site: its name.
        keep_s: how long it remembers a track.
    """

    redis: RedisConfig
    site: str
    keep_s: float

    @classmethod
    def of(cls, path: Path | None, site: str) -> Self:
        """That of a configuration; without one, the site of that name at the address in the environment."""
        if path is None:
            return cls(RedisConfig(), parse(Site, {"name": site}, "--site").name, Retention().keep_s)
        config = load_config(path)
        return cls(config.redis, config.site.name, config.matching.retention.keep_s)

    def open(self) -> SiteStore:
        return open_store(self.redis, self.site)


def erase_person(target: Target, person: str | None, *, wait_s: float, tells_anyway: bool) -> int:
    """Asks, waits for what becomes of it, and prints that in one line.

    Raises:
        ConfigError: if `person` is no id.
        ErasureError: if nobody has that id, or nobody answered within `wait_s`.
    """
    wanted = _id(person)
    with target.open() as store:
        newest = deque((entry_id for entry_id, _ in audit(store)), maxlen=1)
        after = newest[0] if newest else b"0-0"
        request = ask(store, wanted, tells_anyway=tells_anyway)
        try:
            entry, is_ours = _answer(store, target, request, after, time.monotonic() + wait_s)
        except (TimeoutError, KeyboardInterrupt):
            raise ErasureError(
                f"request {request.id} waits, not carried out so far; `reid-pipeline erase --audit` shows when it is"
            ) from None
    sys.stdout.write(f"{_line(entry, target.site, is_ours=is_ours)}\n")
    return 0


def print_audit(target: Target, person: str | None) -> int:
    """Prints what became of the requests, of all or of those that named one person."""
    wanted = None if person is None else _id(person)
    with target.open() as store:
        for _, entry in audit(store):
            if wanted in (None, entry.person, *entry.ids):
                sys.stdout.write(f"{entry.model_dump_json()}\n")
    return 0


def _id(person: str | None) -> UUID:
    try:
        return UUID(person or "")
    except ValueError:
        found = "none" if person is None else repr(person[:100])
        raise ConfigError(f"--person: expected an id as events have it (a UUID), found {found}") from None


def _answer(store: SiteStore, target: Target, request: Request, after: bytes, ends_s: float) -> tuple[AuditEntry, bool]:
    """What became of the request, and whether it was carried out here; raises TimeoutError if nobody did."""
    is_ours = False
    while True:
        for entry_id, entry in audit(store, after=after):
            after = entry_id
            if entry.request == request.id:
                return entry, is_ours
        if time.monotonic() > ends_s:
            raise TimeoutError
        is_ours = _carry_out(store, target)
        if not is_ours:
            store.wait_for_entry(AUDIT, after, POLL_S)


def _carry_out(store: SiteStore, target: Target) -> bool:
    """Erases in the place of a matcher; returns False while one decides."""
    lease = acquire(store, target.redis.lease_s)
    if lease is None:
        return False
    try:
        Eraser(store, lease, keep_s=target.keep_s).take(time.time())
        lease.release()
    except LeaseLost:
        return False
    return True


def _line(entry: AuditEntry, site: str, *, is_ours: bool) -> str:
    """What is printed; raises ErasureError if nobody was erased whom somebody might have meant."""
    when = "when a matcher delivers it" if is_ours else "now"
    also = "".join(f", with {each} that was merged into it" for each in entry.ids[1:])
    match entry.outcome:
        case "erased":
            gone = f"{_count(entry.tracks, 'track')}, {_count(entry.events, 'event')} that had not been delivered"
            return f"erased {entry.person}{also}: {gone}; consumers are told {when} (request {entry.request})"
        case "reported":
            return f"nothing was left of {entry.person}{also}; consumers are told {when} (request {entry.request})"
        case "already":
            return f"{entry.person} was erased before, nothing was left (request {entry.request})"
        case "merged":
            raise ErasureError(f"{entry.person} was merged into {entry.into}: erase that one")
        case "unknown":
            raise ErasureError(
                f"nobody at the site {site} has the id {entry.person}: forgotten since, or never there; "
                "--forgotten tells consumers all the same"
            )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
