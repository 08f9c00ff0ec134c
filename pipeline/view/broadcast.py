"""What is new, to as many as listen: each message is made once, and who is slow misses some instead of holding them.

The server's loop owns it; events come from another thread and are handed over.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection

from passerby_events.errors import PasserbyError
from passerby_events.schema import Event
from pipeline.images import CameraImage
from pipeline.view.book import Book

KEPT = 512
"""Messages that a slow listener may be behind."""
MOST_STREAMS = 256
STILL_THERE_S = 15.0


class TooManyError(PasserbyError):
    """No more streams are served."""


class Broadcast:
    """Server-sent events for everybody.

    Args:
        book: tells of events, in whatever thread.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._number = 0
        self._frames: dict[str, tuple[int, bytes]] = {}
        self._wakers: set[asyncio.Event] = set()
        book.listen(self._hear)

    def start(self) -> None:
        """In the server's loop."""
        self._loop = asyncio.get_running_loop()

    @property
    def streams(self) -> int:
        return len(self._wakers)

    def show(self, shown: CameraImage, box_line: Callable[[CameraImage], object]) -> None:
        """Tells of a new frame, in the loop."""
        self._number += 1
        self._frames[shown.camera] = self._number, _message("frame", box_line(shown))
        self._wake()

    def end(self) -> None:
        """Ends all streams, in the loop."""
        self._loop = None
        self._wake()

    async def stream(self, cameras: Collection[str]) -> AsyncIterator[bytes]:
        """What is new from now on, for as long as somebody reads.

        Args:
            cameras: of which it is said when there is a new frame.

        Raises:
            TooManyError: before anything else.
        """
        if len(self._wakers) >= MOST_STREAMS:
            raise TooManyError
        waker = asyncio.Event()
        self._wakers.add(waker)
        try:
            yield b"retry: 2000\nevent: hello\ndata: {}\n\n"
            seen = self._number
            while self._loop is not None:
                waker.clear()
                news, seen = self._since(seen, cameras)
                if news:
                    yield news
                    continue
                try:
                    await asyncio.wait_for(waker.wait(), STILL_THERE_S)
                except TimeoutError:
                    yield b": still there\n\n"
        finally:
            self._wakers.discard(waker)

    def _since(self, seen: int, cameras: Collection[str]) -> tuple[bytes, int]:
        found = [message for number, message in self._ring if number > seen]
        if self._ring and len(self._ring) == KEPT and self._ring[0][0] > seen + 1:
            found.insert(0, _message("missed", {}))
        found += [
            message
            for camera in cameras
            if (frame := self._frames.get(camera)) and frame[0] > seen
            for message in [frame[1]]
        ]
        return b"".join(found), self._number

    def _hear(self, event: Event) -> None:
        """In the thread that brought the event."""
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._tell, event)

    def _tell(self, event: Event) -> None:
        if not self._wakers:
            return
        line: object = {"kind": event.kind, "person": str(event.person)}
        if event.kind not in ("track.ended", "person.erased"):
            line = {"kind": event.kind, "person": str(event.person), "decision": self._line(event)}
        self._number += 1
        self._ring.append((self._number, _message("news", line)))
        self._wake()

    def _line(self, event: Event) -> object:
        found = self._book.decision(event.event_id)
        return None if found is None else self._book.decision_line(found)

    def _wake(self) -> None:
        for waker in self._wakers:
            waker.set()


def _message(kind: str, data: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
