"""Events as JSON lines: one object a line, in the order of the decisions."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from pipeline.events.folding import erased_tracks
from pipeline.events.schema import Event, IdentityEvent, event_from, first_fault
from pipeline.events.sink import EventSinkError

_LONGEST_LINE = 1 << 20
"""Bytes; an event takes one or two thousand."""


class JsonLinesSink:
    """Writes events to a file, each line in one piece.

    Args:
        path: of the file; its folders are made.
        append: go on where an earlier run stopped; a line that a crash left half written is cut off. Otherwise the
            file starts anew.

    Raises:
        EventSinkError: if the file cannot be written.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if append and path.exists():
                _cut_to_whole_lines(path)
            self._file = path.open("ab" if append else "wb")
        except OSError as error:
            raise EventSinkError(
                f"expected to write events to {path}: {error.strerror}; name another folder"
            ) from error
        self._path = path

    def publish(self, event: Event) -> None:
        try:
            self._file.write(event.model_dump_json().encode() + b"\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            raise EventSinkError(f"could not write an event to {self._path}: {error}") from error

    def flush(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            raise EventSinkError(f"could not write events to {self._path}: {error}") from error

    def close(self) -> None:
        if self._file.closed:
            return
        self.flush()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _cut_to_whole_lines(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        start = file.seek(max(0, size - _LONGEST_LINE))
        file.truncate(start + file.read().rfind(b"\n") + 1)


def read_events(path: Path) -> Iterator[IdentityEvent]:
    """The events of a recording, in order, without those about persons who were erased later, under whatever id.

    Raises: as `read_recording`.
    """
    erased = {event.person for event in read_recording(path) if event.kind == "person.erased"}
    tracks = erased_tracks(read_recording(path)) if erased else set()
    for event in read_recording(path):
        if event.kind != "person.erased" and event.person not in erased and event.seen.key not in tracks:
            yield event


def read_recording(path: Path) -> Iterator[Event]:
    """All events of a recording, in order.

    Raises:
        EventSinkError: if the file cannot be read, or a line is not an event of schema v1.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield _parse(line, path, number)
    except OSError as error:
        raise EventSinkError(f"expected recorded events at {path}: {error.strerror}") from error


def _parse(line: bytes, path: Path, number: int) -> Event:
    try:
        return event_from(line)
    except ValidationError as error:
        raise EventSinkError(f"{path}:{number}: expected an event of schema v1, found {first_fault(error)}") from error
