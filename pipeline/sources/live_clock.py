"""The time of live frames: whose clock stamps them, and how lumps of them are spread out."""

import logging
import time
from collections.abc import Callable

from passerby_events.tracks import Clock

logger = logging.getLogger(__name__)

# A sender's clock this far from ours was never set; its times would put people where they never were.
_SENDER_SKEW_S = 5.0
# One that was believed is believed up to here: each change of clocks drops frames, so it must not flip.
_BELIEVED_SKEW_S = 10.0
# Wall time that moves this much against monotonic time was set, by NTP after boot, by hand, or by a suspend.
_STEP_S = 1.0
# An image that is due later than this is no part of a lump: the stream's time has jumped.
_LONGEST_HOLD_S = 20.0
# Images that are late for longer than this will not catch up.
_LONGEST_LATE_S = 20.0
# Late images follow one another so many times as fast as they play: all at once, and nobody could look at them.
_CATCH_UP = 2.0
# Two images further apart than this have lost those between them.
_LONGEST_STEP_S = 0.5


class LiveClock:
    """Stamps live frames with times that strictly increase.

    Our clock is wall time at the start plus monotonic time since, so that nobody who sets the machine's clock turns a
    stream's time back while it runs. A step forward is followed at the next frame, a step back at the next connection;
    what comes then with a time that was there before has none.
    """

    def __init__(
        self,
        camera: str,
        *,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads our clock.

        Args:
            camera: its name, for the log.
            wall_s: seconds since the epoch, as the machine is set.
            monotonic_s: seconds of a clock that nobody sets.
        """
        self._camera = camera
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._wall_minus_monotonic_s = wall_s() - monotonic_s()
        self._last_s = float("-inf")
        self._believes_sender: bool | None = None

    def now_s(self) -> float:
        """Seconds since the epoch. From any thread."""
        return self._wall_minus_monotonic_s + self._monotonic_s()

    def connect(self) -> None:
        """A connection begins: follows the machine's clock if it was set."""
        self._follow(self._step_s())

    def stamp(self, sent_s: float | None, arrived_s: float) -> tuple[float, Clock] | None:
        """The time of a frame and whose it is; None if it is not after the last one.

        Args:
            sent_s: the sender's time, if known, seconds since the epoch.
            arrived_s: ours.
        """
        step_s = self._step_s()
        if step_s > 0:
            self._follow(step_s)
            arrived_s += step_s
        time_s, clock = self._better_clock(sent_s, arrived_s)
        if time_s <= self._last_s:
            return None
        self._last_s = time_s
        return time_s, clock

    def _step_s(self) -> float:
        """How far the machine's clock was set since it was last followed; 0 for what is no step."""
        step_s = self._wall_s() - self._monotonic_s() - self._wall_minus_monotonic_s
        return step_s if abs(step_s) >= _STEP_S else 0.0

    def _follow(self, step_s: float) -> None:
        if not step_s:
            return
        self._wall_minus_monotonic_s += step_s
        cost = "" if step_s > 0 else "; frames are dropped until it comes to the time of the last one"
        self._warn(f"this machine's clock was set by {step_s:+.1f} s{cost}")

    def _better_clock(self, sent_s: float | None, arrived_s: float) -> tuple[float, Clock]:
        if sent_s is None:
            return arrived_s, "receive"
        skew_s = sent_s - arrived_s
        believes = abs(skew_s) <= (_BELIEVED_SKEW_S if self._believes_sender else _SENDER_SKEW_S)
        if not believes and self._believes_sender is not False:
            self._warn(f"its clock is {skew_s:.1f} s off ours and is not believed")
        self._believes_sender = believes
        return (sent_s, "sender") if believes else (arrived_s, "receive")

    def _warn(self, what: str) -> None:
        logger.warning("camera %s: %s", self._camera, what, extra={"camera": self._camera})


class Pace:
    """Spreads out what a server sends in lumps, as HLS does with its segments, by the times in the stream.

    After a hiccup the images that are late play at twice their pace, so that the stream comes back to where it was, and
    whoever is too slow for that drops and counts them. Only what stays late has a new pace: the server's.
    """

    def __init__(self) -> None:
        self._due_minus_stream_s: float | None = None
        self._last_stream_s = self._last_out_s = float("-inf")
        self._late_since_s: float | None = None

    def hold_s(self, stream_s: float | None, now_s: float) -> float:
        """How long to hold an image back.

        Args:
            stream_s: its time in the stream, if it has one.
            now_s: of any clock that does not go back.
        """
        if stream_s is None:
            return 0.0
        hold_s = self._hold_s(stream_s, now_s)
        self._last_stream_s, self._last_out_s = stream_s, now_s + hold_s
        return hold_s

    def _hold_s(self, stream_s: float, now_s: float) -> float:
        step_s = stream_s - self._last_stream_s
        if self._due_minus_stream_s is not None and step_s >= 0:
            hold_s = stream_s + self._due_minus_stream_s - now_s
            if 0 <= hold_s <= _LONGEST_HOLD_S:
                self._late_since_s = None
                return hold_s
            if hold_s < 0 and self._is_hiccup(now_s):
                return max(0.0, self._last_out_s + min(step_s, _LONGEST_STEP_S) / _CATCH_UP - now_s)
        self._due_minus_stream_s = now_s - stream_s
        self._late_since_s = None
        return 0.0

    def _is_hiccup(self, now_s: float) -> bool:
        if self._late_since_s is None:
            self._late_since_s = now_s
        return now_s - self._late_since_s <= _LONGEST_LATE_S
