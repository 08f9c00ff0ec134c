"""Events as JSON lines into a stream that is open already, such as stdout."""

from typing import BinaryIO

from passerby_events.errors import EventsError
from passerby_events.schema import Event


class StreamSink:
    """Writes events to a stream, each at once.

    Args:
        stream: stays the caller's, who closes it.
        name: of the stream, for errors.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self._is_open = True

    def publish(self, event: Event) -> None:
        self._write(event.model_dump_json().encode() + b"\n")

    def flush(self) -> None:
        self._write(b"")

    def close(self) -> None:
        if self._is_open:
            self.flush()
            self._is_open = False

    def _write(self, line: bytes) -> None:
        if not self._is_open:
            raise EventsError("the sink is closed")
        try:
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise EventsError(f"could not write events to {self._name}: {error}") from error
