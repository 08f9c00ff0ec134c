"""Requests to erase a person, and the audit that says what became of each; both lie in Redis, beside the site's keys.

Whoever asks writes a request and waits for its entry in the audit. An entry holds no vector, no camera and no time but
that of the erasure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from passerby_events.errors import PasserbyError
from passerby_events.times import Time
from pipeline.store.client import SiteStore, StoreError
from pipeline.store.keys import AUDIT
from pipeline.store.scripts import ASK

MOST_REQUESTS = 1000
"""May wait; whoever asks for more is refused."""
AUDIT_KEPT = 10_000
"""Entries; the oldest goes first."""
PAGE = 1000

ErasureOutcome = Literal["erased", "reported", "already", "merged", "unknown"]
"""`erased`: the person was known, and is no more; `reported`: nothing was left, and consumers are told all the same;
`already`: an earlier request erased the person; `merged`: the id is another person's now; `unknown`: nobody has it."""


class ErasureError(PasserbyError):
    """A person could not be erased; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Request:
    """
    Attributes:
        id: of the request.
        person: to be erased.
        tells_anyway: tell consumers although the site remembers nothing of the person.
    """

    id: UUID
    person: UUID
    tells_anyway: bool = False


class AuditEntry(BaseModel):
    """What became of one request.

    Attributes:
        at: when, by the clock of whoever carried it out.
        request: its id.
        person: who was to be erased.
        outcome: see there.
        tracks: of the person, removed with their vectors.
        events: about the person that had not been delivered yet, removed.
        ids: all that were erased: the person's, and those that had been merged into it.
        into: for `merged`, who the person is now.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    at: Time
    request: UUID
    person: UUID
    outcome: ErasureOutcome
    tracks: int = 0
    events: int = 0
    ids: tuple[UUID, ...] = ()
    into: UUID | None = None


def require_erased(entry: AuditEntry) -> AuditEntry:
    """What became of a request of which somebody expects that it erased.

    Raises:
        ErasureError: if nobody has the id.
    """
    if entry.outcome == "merged":
        raise ErasureError(f"{entry.person} was merged into {entry.into}: erase that one")
    if entry.outcome == "unknown":
        raise ErasureError(f"nobody at the site has the id {entry.person}: forgotten since, or never there")
    return entry


def ask(store: SiteStore, person: UUID, *, tells_anyway: bool = False) -> Request:
    """Writes a request, for the matcher that decides.

    Raises:
        StoreError: if too many wait.
    """
    request = Request(uuid4(), person, tells_anyway)
    text = f"{request.id} {person} {int(tells_anyway)}"
    if not store.run(ASK, [], [MOST_REQUESTS, text]):
        raise StoreError(f"{MOST_REQUESTS} requests to erase wait already: is a matcher running?")
    return request


def request_from(fields: Mapping[bytes, bytes]) -> Request | None:
    """A request as it was written; None if it is none, because anybody who reaches Redis can write one."""
    try:
        request, person, tells_anyway = fields[b"request"].decode("ascii").split(" ")
        return Request(UUID(request), UUID(person), tells_anyway == "1")
    except (KeyError, ValueError):
        return None


def audit(store: SiteStore, *, after: bytes | None = None) -> Iterator[tuple[bytes, AuditEntry]]:
    """The audit, or what stands in it after an entry: ids and entries, the oldest first.

    Raises:
        StoreError: if an entry is none.
    """
    while entries := store.entries(AUDIT, PAGE, after=after):
        after = entries[-1][0]
        for entry_id, fields in entries:
            yield entry_id, _entry(entry_id, fields)


def _entry(entry_id: bytes, fields: Mapping[bytes, bytes]) -> AuditEntry:
    try:
        entry = AuditEntry.model_validate_json(fields[b"entry"])
        return entry.model_copy(update={"tracks": int(fields[b"tracks"]), "events": int(fields[b"events"])})
    except (KeyError, ValueError, ValidationError) as error:
        raise StoreError(
            f"audit entry {entry_id.decode()}: expected what became of a request, found another thing"
        ) from error
