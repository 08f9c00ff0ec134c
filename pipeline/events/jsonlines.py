"""Events as JSON lines: one object a line, in the order of the decisions."""

import os
from datetime import UTC, datetime
from itertools import count
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


def keep_apart(path: Path) -> Path | None:
    """Renames the events of an earlier run after the moment of its last one: `events-20261130T093000Z.jsonl`.

    Returns:
        What they are called now; None where there are none.

    Raises:
        EventsError: if they cannot be renamed.
    """
    try:
        if not path.exists() or not (found := path.stat()).st_size:
            return None
        when = datetime.fromtimestamp(found.st_mtime, UTC)
        names = (f"{path.stem}-{when:%Y%m%dT%H%M%SZ}{'' if i == 1 else f'-{i}'}{path.suffix}" for i in count(1))
        free = next(path.with_name(name) for name in names if not path.with_name(name).exists())
        return path.rename(free)
    except OSError as error:
        raise EventsError(f"expected to keep the events of an earlier run, {path}: {error.strerror}") from error


def _cut_to_whole_lines(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        start = file.seek(max(0, size - _LONGEST_LINE))
        file.truncate(start + file.read().rfind(b"\n") + 1)
