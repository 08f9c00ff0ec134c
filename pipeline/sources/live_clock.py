"""The time of live frames: whose clock stamps them, and how lumps of them are spread out."""

import time

from passerby_events.tracks import Clock

# A sender's clock this far from ours was never set; its times would put people where they never were.
_SENDER_SKEW_S = 5.0
# An image that is due later than this is no part of a lump: the stream's time has jumped.
_LONGEST_HOLD_S = 20.0


class LiveClock:
    """Stamps live frames with times that strictly increase.

    Our clock is wall time at the start plus monotonic time since, so that nobody who sets the machine's clock can turn
    a stream's time back.
    """

    def __init__(self) -> None:
        self._wall_minus_monotonic_s = time.time() - time.monotonic()
        self._last_s = float("-inf")

    def now_s(self) -> float:
        """Seconds since the epoch. From any thread."""
        return self._wall_minus_monotonic_s + time.monotonic()

    def stamp(self, sent_s: float | None, arrived_s: float) -> tuple[float, Clock] | None:
        """The time of a frame and whose it is; None if it is not after the last one.

        Args:
            sent_s: the sender's time, if known, seconds since the epoch.
            arrived_s: ours.
        """
        time_s, clock = _better_clock(sent_s, arrived_s)
        if time_s <= self._last_s:
            return None
        self._last_s = time_s
        return time_s, clock


class Pace:
    """Spreads out what a server sends in lumps, as HLS does with its segments, by the times in the stream."""

    def __init__(self) -> None:
        self._due_minus_stream_s: float | None = None

    def hold_s(self, stream_s: float | None, now_s: float) -> float:
        """How long to hold an image back; 0 when it is late, and the ones after it are then held back less.

        Args:
            stream_s: its time in the stream, if it has one.
            now_s: of any clock that does not go back.
        """
        if stream_s is None:
            return 0.0
        if self._due_minus_stream_s is not None:
            hold_s = stream_s + self._due_minus_stream_s - now_s
            if 0 <= hold_s <= _LONGEST_HOLD_S:
                return hold_s
        self._due_minus_stream_s = now_s - stream_s
        return 0.0


def _better_clock(sent_s: float | None, arrived_s: float) -> tuple[float, Clock]:
    if sent_s is None or abs(sent_s - arrived_s) > _SENDER_SKEW_S:
        return arrived_s, "receive"
    return sent_s, "sender"
