"""Times as people read them: elapsed in a recording, of the day where the clock was a real one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
MAX_TICKS = 10


@dataclass(frozen=True, slots=True)
class Clockface:
    """The stretch of time that a report covers.

    Attributes:
        start_s: seconds since the epoch.
        end_s: later than `start_s`.
        is_real: False if the times are those of a file, which only tell what was before what.
    """

    start_s: float
    end_s: float
    is_real: bool

    def read(self, time_s: float) -> str:
        """What the clock shows: `14:03:59` in UTC, or `3:59.2` since the start."""
        if self.is_real:
            return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M:%S")
        minutes, tenths = divmod(round((time_s - self.start_s) * 10), 600)
        return f"{minutes}:{tenths // 10:02d}.{tenths % 10}"

    def read_tick(self, time_s: float) -> str:
        """As `read`, without the tenths where every tick is a full second."""
        return self.read(time_s).removesuffix(".0")

    def span(self) -> str:
        """From when to when, in words."""
        if self.is_real:
            return f"{datetime.fromtimestamp(self.start_s, UTC):%Y-%m-%d %H:%M:%S} to {self.read(self.end_s)} UTC"
        return f"{self.read(self.end_s)} of recorded video"

    def percent(self, time_s: float) -> float:
        """How far along the time axis."""
        return 100 * (time_s - self.start_s) / (self.end_s - self.start_s)

    def ticks(self) -> Iterable[float]:
        """Round times along the axis, at most ten or so."""
        length_s = self.end_s - self.start_s
        step_s = next((step for step in STEPS_S if length_s / step <= MAX_TICKS), length_s / MAX_TICKS)
        zero_s = self.start_s - self.start_s % step_s if self.is_real else self.start_s
        ticks = (zero_s + i * step_s for i in range(int(length_s / step_s) + 2))
        return [tick for tick in ticks if self.start_s <= tick <= self.end_s]
