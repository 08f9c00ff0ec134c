"""Events as JSON lines: one object a line, in the order of the decisions."""

import os
from pathlib import Path
from typing import Self

from passerby_events.errors import EventsError
from passerby_events.schema import Event

_LONGEST_LINE = 1 << 20
"""Bytes; an event takes one or two thousand."""


class JsonLinesSink:
    """Writes events to a file, each line in one piece.

    Args:
        path: of the file; its folders are made.
        append: go on where an earlier run stopped; a line that a crash left half written is cut off. Otherwise the
            file starts anew.

    Raises:
        EventsError: if the file cannot be written.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if append and path.exists():
                _cut_to_whole_lines(path)
            self._file = path.open("ab" if append else "wb")
        except OSError as error:
            raise EventsError(f"expected to write events to {path}: {error.strerror}; name another folder") from error
        self._path = path

    def publish(self, event: Event) -> None:
        try:
            self._file.write(event.model_dump_json().encode() + b"\n")
            self._file.flush()
        except (OSError, ValueError) as error:
            raise EventsError(f"could not write an event to {self._path}: {error}") from error

    def flush(self) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except (OSError, ValueError) as error:
            raise EventsError(f"could not write events to {self._path}: {error}") from error

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
