"""A recording's times made strictly increasing: a wrong timestamp is put right alone, a new timeline goes on where the
old one ended."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

NUDGE_S = 1e-3
"""A frame that repeats a time, or comes a little before its predecessor, is put this much behind it."""
JUMP_S = 1.0
"""Times that go back, or ahead, by more than this and by more than `JUMP_FRAMES` frames may be wrong."""
JUMP_FRAMES = 10
WITNESSES = 4
"""So many frames in a row behind a jump make it true; if the old timeline goes on before that, they were outliers."""
LONGEST_PAUSE_S = 12 * 3600.0
"""A recorder may pause for a night; a lasting jump ahead of more than this joins two recordings."""
LONGEST_LAST_PAUSE_S = 60.0
"""The same where the recording ends before there are witnesses."""
WRAP_S = 2**33 / 90_000
"""Transport streams count 33 bits of 90 kHz, and begin again at 0 after 26.5 hours."""


@dataclass(frozen=True, slots=True, eq=False)
class Timed(Generic[Item]):
    """Something that a container gave a time.

    Attributes:
        item: what it is.
        time_s: what the container says; None where it is silent.
        lasts_s: how long it is shown, as the container says; None where it is silent.
    """

    item: Item
    time_s: float | None
    lasts_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Settled(Generic[Item]):
    """The same with a time that can be believed, seconds since the epoch."""

    item: Item
    time_s: float


class Timeline(Generic[Item]):
    """Gives the frames of one recording times that strictly increase. One thread, used once.

    The first frame is at `starts_at_s`, the others by the container's times. A frame without a time comes one frame
    after the one before. Where times jump, up to `WITNESSES` frames are held until it is clear what it was: if the old
    timeline goes on, the held frames had wrong stamps, and share the gap; if the new one lasts, a pause ahead is kept
    up to `LONGEST_PAUSE_S`, the wrap of a transport stream's counter is undone, and anything else goes on one frame
    after the last.

    Attributes:
        outliers: frames with wrong stamps so far.
    """

    def __init__(self, name: str, camera: str, starts_at_s: float, step_s: float) -> None:
        """Begins.

        Args:
            name, camera: of the recording, and of the camera that it is of, for the log.
            starts_at_s: time of the first frame, seconds since the epoch.
            step_s: time from frame to frame where the container is silent.
        """
        self.outliers = 0
        self._name = name
        self._camera = camera
        self._step_s = step_s
        self._shift_s: float | None = None
        self._last_s = starts_at_s - step_s
        self._lasts_s = step_s
        self._held: list[Timed[Item]] = []

    def settle(self, timed: Iterable[Timed[Item]]) -> Iterator[Settled[Item]]:
        """The same items in the same order; few are held back, and only where times jump.

        Raises: what `timed` raises, behind all that came before.
        """
        error = None
        try:
            for each in timed:
                yield from self._take(each)
        except Exception as failure:  # noqa: BLE001 - raised again behind what is held
            error = failure
        while self._held:
            yield from self._believe(LONGEST_LAST_PAUSE_S)
        if error is not None:
            raise error

    def _take(self, each: Timed[Item]) -> Iterator[Settled[Item]]:
        if self._shift_s is None and each.time_s is not None:
            self._shift_s = self._expected_s - each.time_s
        if self._is_in_place(each):
            yield from self._release_outliers(each)
            yield self._release(each, self._time_s(each))
            return
        self._held.append(each)
        if len(self._held) > WITNESSES:
            yield from self._believe(LONGEST_PAUSE_S)

    @property
    def _expected_s(self) -> float:
        return self._last_s + self._lasts_s

    def _time_s(self, each: Timed[Item]) -> float:
        """By the timeline that holds now."""
        if each.time_s is None or self._shift_s is None:
            return self._expected_s
        return each.time_s + self._shift_s

    def _is_in_place(self, each: Timed[Item]) -> bool:
        """Whether a frame goes on with the timeline of the last one; without a time it stays with those held."""
        if each.time_s is None:
            return not self._held
        limit_s = max(JUMP_S, JUMP_FRAMES * self._step_s)
        return -limit_s <= self._time_s(each) - self._last_s <= limit_s + self._lasts_s

    def _release_outliers(self, behind: Timed[Item]) -> Iterator[Settled[Item]]:
        """The frames that are held lie between the last one and `behind`, whatever their stamps say."""
        self.outliers += len(self._held)
        step_s = max(0.0, self._time_s(behind) - self._last_s) / (len(self._held) + 1)
        held, self._held = self._held, []
        for each in held:
            yield self._release(each, self._last_s + step_s)

    def _believe(self, longest_pause_s: float) -> Iterator[Settled[Item]]:
        """The first of those held begins a timeline that lasts; the others are looked at again in its light."""
        first, *others = self._held
        self._held = []
        jump_s = self._time_s(first) - self._last_s
        if first.time_s is not None and not 0 < jump_s <= longest_pause_s:
            wrapped_s = jump_s + WRAP_S
            is_wrap = self._shift_s is not None and 0 < wrapped_s <= longest_pause_s
            self._shift_s = (self._shift_s or 0.0) + WRAP_S if is_wrap else self._expected_s - first.time_s
        later_s, camera = self._gap_s(first), {"camera": self._camera}
        logger.warning(
            "%s: its times jump by %.1f s; goes on at %.1f s later", self._name, jump_s, later_s, extra=camera
        )
        yield self._release(first, self._time_s(first))
        for each in others:
            yield from self._take(each)

    def _gap_s(self, each: Timed[Item]) -> float:
        return self._time_s(each) - self._last_s

    def _release(self, each: Timed[Item], time_s: float) -> Settled[Item]:
        self._last_s = max(time_s, self._last_s + NUDGE_S)
        self._lasts_s = each.lasts_s or self._step_s
        return Settled(each.item, self._last_s)
