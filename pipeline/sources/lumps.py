"""Streams that come in lumps, as HLS does by the segment: read as fast as they come, and played as fast as they play.

Whoever reads a playlist must not be held up: what it lists no longer cannot be had any more. So packets are read ahead
in a thread of its own, and their images are decoded and held back behind it.
"""

import statistics
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator

from pipeline.sources.decoding import DecodedImage, Video, VideoPacket
from pipeline.sources.live_clock import Pace

_MOST_BYTES = 32 << 20
"""Read ahead; a minute of 4 Mbit/s. A server that offers more, such as one that plays a recording, waits."""
PACKET_BYTES = 1024
"""What a packet takes beside its content, about: a still scene may have packets of fifty bytes."""
_MISSED_FROM_S = 0.5
"""A gap in the stream's time that is shorter, or of fewer frames than `_MISSED_FROM_FRAMES`, is a camera's own."""
_MISSED_FROM_FRAMES = 5
_LONGEST_MISSED_S = 60.0
"""A longer one is another time that the camera counts by."""
_STEPS = 50


class LumpyVideo:
    """A video that a server sends in lumps, as it plays. For one thread.

    Attributes:
        missed: frames that never came, so far: the playlist had dropped them before they were asked for. As many as
            usually lie in such a gap of the stream's time.
    """

    def __init__(self, video: Video, longest_hold_s: float) -> None:
        """Owns nothing; the video stays open until the images were closed.

        Args:
            video: open, and read by nobody else.
            longest_hold_s: no image is held back longer.
        """
        self.missed = 0
        self._video = video
        self._longest_hold_s = longest_hold_s
        self._last_s: float | None = None
        self._steps_s: deque[float] = deque(maxlen=_STEPS)

    def images(self) -> Generator[DecodedImage]:
        """Each image when it is due. To be closed: that waits until nobody reads any more.

        Raises:
            SourceError: if reading fails, behind what came before.
        """
        ahead = PacketBuffer(_MOST_BYTES)
        reader = threading.Thread(target=_read, args=(self._video, ahead), name="read ahead", daemon=True)
        reader.start()
        pace = Pace()
        try:
            for packet in ahead:
                self._note_gap(packet)
                for decoded in self._video.decode(packet):
                    time.sleep(min(pace.hold_s(decoded.time_s, time.monotonic()), self._longest_hold_s))
                    yield decoded
        finally:
            ahead.close()
            reader.join()

    def _note_gap(self, packet: VideoPacket) -> None:
        if packet.dts is None or packet.time_base is None:
            return
        now_s, before_s = float(packet.dts * packet.time_base), self._last_s
        self._last_s = now_s
        if before_s is None or now_s <= before_s:
            return
        gap_s = now_s - before_s
        step_s = statistics.median(self._steps_s) if self._steps_s else gap_s
        if gap_s < max(_MISSED_FROM_S, _MISSED_FROM_FRAMES * step_s):
            self._steps_s.append(gap_s)
        elif gap_s <= _LONGEST_MISSED_S:
            self.missed += round(gap_s / step_s) - 1


class PacketBuffer:
    """Packets between one thread that reads and one that decodes, at most so many bytes of them."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._packets: deque[VideoPacket] = deque()
        self._changed = threading.Condition()
        self._is_finished = False
        self._is_closed = False
        self._error: BaseException | None = None

    def put(self, packet: VideoPacket) -> bool:
        """Waits for room. Returns whether anyone is there to take it."""
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < self._most_bytes or self._is_closed)
            self._packets.append(packet)
            self._bytes += packet.size + PACKET_BYTES
            self._changed.notify_all()
            return not self._is_closed

    def finish(self, error: BaseException | None = None) -> None:
        """No packet will come any more; `error` is raised behind the last one."""
        with self._changed:
            self._is_finished, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody takes any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[VideoPacket]:
        while (packet := self._take()) is not None:
            yield packet

    def _take(self) -> "VideoPacket | None":
        with self._changed:
            self._changed.wait_for(lambda: self._packets or self._is_finished)
            if self._packets:
                packet = self._packets.popleft()
                self._bytes -= packet.size + PACKET_BYTES
                self._changed.notify_all()
                return packet
            if self._error is not None:
                raise self._error
            return None


def _read(video: Video, ahead: PacketBuffer) -> None:
    """The thread that reads, for as long as anybody takes."""
    try:
        for packet in video.packets():
            if not ahead.put(packet):
                return
        ahead.finish()
    except BaseException as error:  # noqa: BLE001 (the one who takes raises it)
        ahead.finish(error)
