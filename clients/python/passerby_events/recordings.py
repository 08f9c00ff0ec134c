"""Events that were recorded as JSON lines: one object a line, in the order of the decisions."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from passerby_events.errors import EventsError
from passerby_events.reducing import fold
from passerby_events.schema import Event, IdentityEvent, event_from, first_fault, newer_kind


def read_events(path: Path) -> Iterator[IdentityEvent]:
    """The events of a recording, in order, without those about persons who were erased later, under whatever id.

    Raises: as `read_recording`.
    """
    folded = fold(read_recording(path))
    for event in read_recording(path):
        if event.kind == "person.erased" or event.person in folded.erased:
            continue
        if event.seen.key not in folded.erased_tracks:
            yield event


def read_recording(path: Path) -> Iterator[Event]:
    """All events of a recording, in order, erasures included.

    Raises:
        EventsError: if the file cannot be read, or a line is not an event of schema v1 that this version knows.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield _event(line, path, number)
    except OSError as error:
        raise EventsError(f"expected recorded events at {path}: {error.strerror}") from error


def _event(line: bytes, path: Path, number: int) -> Event:
    try:
        return event_from(line)
    except ValidationError as error:
        if kind := newer_kind(line):
            found = f"{kind!r:.60}, which a newer Passerby wrote: upgrade passerby-events"
        else:
            found = first_fault(error)
        raise EventsError(f"{path}:{number}: expected an event of schema v1, found {found}") from error
