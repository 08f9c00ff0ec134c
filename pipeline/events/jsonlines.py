"""Events as JSON lines: one object a line, in the order of the decisions."""

import os
import re
from collections import deque
from pathlib import Path
from typing import Self

from passerby_events.errors import EventsError
from passerby_events.schema import Event

_LONGEST_LINE = 1 << 20
"""Bytes; an event takes one or two thousand."""
_REMEMBERS = 2000
"""Events; what is delivered twice is among the last few hundred."""
_TAIL_BYTES = 2048 * _REMEMBERS
"""Bytes."""
_EVENT_ID = re.compile(rb'"event_id":"([0-9a-f-]{36})"')


class JsonLinesSink:
    """Writes events to a file, each line in one piece.

    Args:
        path: of the file; its folders are made.
        append: go on where another process stopped; a line that a crash left half written is cut off, and an event
            that is there is not written again: whoever was killed could not say that it was delivered. Otherwise the
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
            self._there = _Written(path) if append else None
        except OSError as error:
            raise EventsError(f"expected to write events to {path}: {error.strerror}; name another folder") from error
        self._path = path

    def publish(self, event: Event) -> None:
        try:
            if self._there is not None and self._there.has(str(event.event_id).encode()):
                return
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
        if self._there is not None:
            self._there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Written:
    """The last events of a file that others may write, too: a matcher that was frozen goes on when it is thawed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._at = max(0, os.fstat(self._file.fileno()).st_size - _TAIL_BYTES)
        self._ids: deque[bytes] = deque(maxlen=_REMEMBERS)

    def has(self, event_id: bytes) -> bool:
        """Whether an event is among the last ones that are there now."""
        size = os.fstat(self._file.fileno()).st_size
        if size > self._at:
            self._file.seek(self._at)
            self._ids.extend(_EVENT_ID.findall(self._file.read(size - self._at)))
            self._at = size
        return event_id in self._ids

    def close(self) -> None:
        self._file.close()


def _cut_to_whole_lines(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        start = file.seek(max(0, size - _LONGEST_LINE))
        file.truncate(start + file.read().rfind(b"\n") + 1)
