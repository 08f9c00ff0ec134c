"""Which tracks there are, since when, and which of them were shown to anybody."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trackers.tracks import Tracks

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TrackTable:
    """The open tracks of one camera, one row each, in order of their birth.

    Attributes:
        ids: (N,) int64.
        first_s: (N,) float64, when each was first seen, seconds since the epoch.
        seen_s: (N,) float64, when each was last seen.
        is_confirmed: (N,) bool, whether it was seen for long enough to be shown; one that never was ends unheard.
    """

    ids: NDArray[np.int64]
    first_s: NDArray[np.float64]
    seen_s: NDArray[np.float64]
    is_confirmed: Mask

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Rows | Mask) -> Self:
        return type(self)(self.ids[rows], self.first_s[rows], self.seen_s[rows], self.is_confirmed[rows])

    def join(self, other: Self) -> Self:
        """The rows of both, one after the other."""
        return type(self)(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.first_s, other.first_s]),
            np.concatenate([self.seen_s, other.seen_s]),
            np.concatenate([self.is_confirmed, other.is_confirmed]),
        )

    def see(self, rows: Rows, time_s: float, confirm_after_s: float) -> Self:
        """A copy in which some rows were seen now, and are confirmed if that is long enough after the first time."""
        seen_s, is_confirmed = self.seen_s.copy(), self.is_confirmed.copy()
        seen_s[rows] = time_s
        is_confirmed[rows] |= time_s - self.first_s[rows] >= confirm_after_s
        return replace(self, seen_s=seen_s, is_confirmed=is_confirmed)

    def is_unseen_for(self, span_s: float, time_s: float) -> Mask:
        """(N,) whether a row was last seen longer ago than that."""
        return time_s - self.seen_s > span_s

    def is_given_up(self, time_s: float, lost_after_s: float, doubtful_after_s: float) -> Mask:
        """(N,) whether a row was unseen for too long, the confirmed and the others with a patience of their own."""
        return time_s - self.seen_s > np.where(self.is_confirmed, lost_after_s, doubtful_after_s)


def enrol(ids: Iterator[int], births: int, time_s: float, confirm_after_s: float) -> TrackTable:
    """New tracks, first seen now."""
    first_s = np.full(births, time_s)
    is_confirmed = np.full(births, confirm_after_s <= 0)
    return TrackTable(np.fromiter(islice(ids, births), np.int64, births), first_s, first_s, is_confirmed)


def show_tracks(
    table: TrackTable, rows: Rows, boxes: NDArray[np.float64], scores: NDArray[np.float32], gone: Mask
) -> Tracks:
    """What the caller hears of a frame: of the confirmed tracks, those seen in it and those given up in it.

    Args:
        rows: (S,) of the tracks seen in this frame.
        boxes: (4, S) corners of theirs.
        scores: (S,) of their detections.
        gone: (N,) whether a row is given up.
    """
    is_shown = table.is_confirmed[rows]
    return Tracks(
        table.ids[rows[is_shown]],
        boxes.T[is_shown].astype(np.float32),
        scores[is_shown],
        table.ids[gone & table.is_confirmed],
    )


def elapsed_s(last_s: float, time_s: float) -> float:
    """Seconds from the last frame to this one; 0 for the first frame, before which there is minus infinity.

    Raises:
        ValueError: if time does not go forward.
    """
    if not last_s < time_s < np.inf:
        raise ValueError(f"time must go forward: expected a frame later than {last_s!r} s, found {time_s!r} s")
    return 0.0 if last_s == -np.inf else time_s - last_s
