"""OC-SORT: trust what was seen rather than what the filter made of it.

J. Cao et al., "Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking", CVPR 2023, section 4:
observation-centric momentum (OCM), recovery (OCR) and re-update (ORU).

What differs from the paper: overlap heeds the height, size has no velocity, all times are in seconds, and recovery asks
for an overlap of 0.5 instead of 0.3, without which it took strangers for lost people: HOTA / IDF1 on the four sequences
of MOT17 that the settings were chosen on rose from 44.3 / 52.1 to 45.1 / 52.8.
"""

import math
from dataclasses import dataclass, field
from itertools import count
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from trackers.association import (
    Floats,
    Floats32,
    Mask,
    Pairs,
    Rows,
    assign,
    overlapping_pairs,
    unclaimed_rows,
    usable_rows,
)
from trackers.motion import Motion, MotionParams, begin, boxes_of, correct, predict
from trackers.track_table import elapsed_s, enrol, show_tracks
from trackers.tracks import Tracks

# Observations kept of each track, for its direction: enough for `direction_s` of 0.12 s at up to 58 frames a second.
TRAIL = 8

# A re-update walks the gap in as many steps as frames were missed, but no more than this: after so many observations on
# one line the filter has forgotten what it believed before.
LONGEST_WALK = 10


@dataclass(frozen=True, slots=True)
class OcSortParams:
    """Settings of OC-SORT.

    Attributes:
        high_score: detections below are ignored; lower follows people further into an occlusion, and clutter with them.
        new_track_score: a detection that no track wants starts one from here on; higher starts fewer false
            tracks, later.
        least_overlap: of a predicted track and a detection; lower bridges faster motion, and confuses neighbours.
        least_overlap_seen: of the last observation of a track and a detection, in the recovery of those left over;
            lower finds more again, and takes more strangers for them.
        direction_weight: how much going on in the same direction is worth, next to overlap (lambda in the paper);
            higher keeps people apart who cross, and loses those who turn.
        direction_s: the direction is taken over this time (Delta t in the paper); longer is steadier, and later
            to turn.
        confirm_after_s: a track is shown once it was seen again this long after the first time; longer holds back more
            false alarms, and the first frames of everybody.
        doubtful_after_s: give up a track that is not confirmed when it was unseen for this long.
        lost_after_s: give up a confirmed one; longer bridges occlusions, and confuses people who swap places.
        motion: how people move.
    """

    high_score: float = 0.5
    new_track_score: float = 0.6
    least_overlap: float = 0.2
    least_overlap_seen: float = 0.5
    direction_weight: float = 0.2
    direction_s: float = 0.12
    confirm_after_s: float = 0.03
    doubtful_after_s: float = 0.15
    lost_after_s: float = 2.0
    motion: MotionParams = field(default_factory=MotionParams)


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What was really seen of N tracks.

    Attributes:
        boxes: (4, N) float64, corners when last seen.
        trail: (TRAIL, 3, N) float64, centre x y and time of the last observations, the newest last; the first one is
            repeated while there are fewer.
        belief: what the filter held right after the last observation.
        missed: (N,) int64, frames since then.
    """

    boxes: Floats
    trail: Floats
    belief: Motion
    missed: NDArray[np.int64]

    def take(self, rows: Rows | Mask) -> Self:
        return type(self)(self.boxes[:, rows], self.trail[:, :, rows], self.belief.take(rows), self.missed[rows])

    def join(self, other: Self) -> Self:
        """The rows of both, one after the other."""
        return type(self)(
            np.concatenate([self.boxes, other.boxes], axis=1),
            np.concatenate([self.trail, other.trail], axis=2),
            self.belief.join(other.belief),
            np.concatenate([self.missed, other.missed]),
        )

    def see(self, rows: Rows, boxes: Floats, belief: Motion, time_s: float) -> Self:
        """A copy after a frame in which some rows were seen, at `boxes`, and the others missed."""
        kept, trail, missed = self.boxes.copy(), self.trail.copy(), self.missed + 1
        kept[:, rows] = boxes
        trail[:-1, :, rows] = self.trail[1:, :, rows]
        trail[-1, :, rows] = _points(boxes, time_s).T
        missed[rows] = 0
        return type(self)(kept, trail, self.belief.put(rows, belief), missed)


def first_observed(boxes: Floats, belief: Motion, time_s: float) -> Observed:
    """Of tracks first seen now, at `boxes`, (4, N)."""
    trail = np.repeat(_points(boxes, time_s)[None], TRAIL, axis=0)
    return Observed(boxes, trail, belief, np.zeros(boxes.shape[1], np.int64))


def same_direction(observed: Observed, boxes: Floats, pairs: Pairs, direction_s: float) -> Floats:
    """How well joining each pair lets the track go on in its direction (OCM).

    Both directions start at the observation `direction_s` before the last: one leads to the last, the other to the
    detection. 0.5 if they agree, 0 if they are at right angles or one of them is nought, -0.5 if they are opposite.

    Returns:
        (P,)
    """
    start, last = _start_of_direction(observed.trail, direction_s), observed.trail[-1, :2]
    heading = (last - start)[:, pairs.tracks]
    intended = ((boxes[:2] + boxes[2:]) / 2)[:, pairs.detections] - start[:, pairs.tracks]
    length = np.sqrt((heading**2).sum(axis=0) * (intended**2).sum(axis=0))
    cosine = (heading * intended).sum(axis=0) / np.maximum(length, np.finfo(np.float64).tiny)
    agreement: Floats = 0.5 - np.arccos(np.clip(cosine, -1, 1)) / np.pi
    return agreement


def _start_of_direction(trail: Floats, direction_s: float) -> Floats:
    """(2, N) the earliest centre within `direction_s` of the last, or the one before the last if that is longer ago."""
    is_within = trail[:, 2] >= trail[-1, 2] - direction_s
    earliest = np.minimum(is_within.argmax(axis=0), TRAIL - 2)
    return trail[earliest, :2, np.arange(trail.shape[2])].T


def walk_to(
    belief: Motion, seen: Floats, boxes: Floats, gap_s: Floats, missed: NDArray[np.int64], params: MotionParams
) -> Motion:
    """The filter as if the tracks had been seen all along the straight line of their gap (ORU).

    Args:
        belief: of N tracks, right after they were last seen.
        seen: (4, N) corners where that was.
        boxes: (4, N) corners where they were found again.
        gap_s: (N,) time between.
        missed: (N,) frames between.
    """
    steps = np.minimum(missed + 1, LONGEST_WALK)
    for step in range(1, int(steps.max(initial=0)) + 1):
        rows = np.flatnonzero(steps >= step)
        here = seen[:, rows] + (boxes - seen)[:, rows] * (step / steps[rows])
        moved = predict(belief.take(rows), gap_s[rows] / steps[rows], params)
        belief = belief.put(rows, correct(moved, here, params))
    return belief


def _points(boxes: Floats, time_s: float) -> Floats:
    """(3, N) centre x y and time."""
    return np.concatenate([(boxes[:2] + boxes[2:]) / 2, np.full((1, boxes.shape[1]), time_s)])


class OcSort:
    """A `Tracker`."""

    def __init__(self, params: OcSortParams | None = None) -> None:
        self._params = params or OcSortParams()
        self._next_ids = count(1)
        self._time_s = -math.inf
        self._motion = begin(np.empty((4, 0)), self._params.motion)
        self._observed = first_observed(np.empty((4, 0)), self._motion, 0.0)
        self._table = enrol(self._next_ids, 0, 0.0, 0.0)

    def update(self, detections: Detections, time_s: float, image: NDArray[np.uint8] | None = None) -> Tracks:
        """See `Tracker.update`; it looks at no colours."""
        p = self._params
        self._motion = predict(self._motion, elapsed_s(self._time_s, time_s), p.motion)
        self._time_s = time_s
        usable = usable_rows(detections, p.high_score)
        boxes, scores = detections.boxes[usable].T.astype(np.float64), detections.scores[usable]
        tracks, found = self._join(boxes, scores)
        self._follow(tracks, boxes[:, found])
        births = unclaimed_rows(boxes, scores, p.new_track_score, found)
        rows = np.concatenate([tracks, len(self._table) + np.arange(len(births))])
        self._start(boxes[:, births])
        is_gone = self._table.is_given_up(time_s, p.lost_after_s, p.doubtful_after_s)
        return self._close(rows, scores[np.concatenate([found, births])], is_gone)

    def flush(self) -> Tracks:
        """See `Tracker.flush`."""
        none = np.empty(0, np.intp)
        return self._close(none, np.empty(0, np.float32), np.ones(len(self._table), dtype=bool))

    def _join(self, boxes: Floats, scores: Floats32) -> tuple[Rows, Rows]:
        """By overlap and direction (OCM); those left over by overlap with what was last seen (OCR)."""
        p = self._params
        pairs = overlapping_pairs(boxes_of(self._motion), boxes)
        agreement = same_direction(self._observed, boxes, pairs, p.direction_s) * scores[pairs.detections]
        gains = pairs.overlap + p.direction_weight * (agreement + 0.5)
        is_open = ~self._table.is_unseen_for(p.lost_after_s, self._time_s)
        joined = assign(pairs, gains, [is_open[pairs.tracks] & (pairs.overlap > p.least_overlap)])

        tracks = _left(is_open, joined.tracks)
        found = _left(np.ones(len(scores), dtype=bool), joined.detections)
        left = overlapping_pairs(self._observed.boxes[:, tracks], boxes[:, found])
        again = assign(left, left.overlap, [left.overlap > p.least_overlap_seen])
        return (
            np.concatenate([joined.tracks, tracks[again.tracks]]),
            np.concatenate([joined.detections, found[again.detections]]),
        )

    def _follow(self, rows: Rows, boxes: Floats) -> None:
        p, observed = self._params, self._observed
        belief = correct(self._motion.take(rows), boxes, p.motion)
        again = np.flatnonzero(observed.missed[rows])
        if len(again):
            belief = belief.put(again, self._walked(rows[again], boxes[:, again]))
        self._motion = self._motion.put(rows, belief)
        self._observed = observed.see(rows, boxes, belief, self._time_s)
        self._table = self._table.see(rows, self._time_s, p.confirm_after_s)

    def _walked(self, rows: Rows, boxes: Floats) -> Motion:
        past, gap_s = self._observed.take(rows), self._time_s - self._table.seen_s[rows]
        return walk_to(past.belief, past.boxes, boxes, gap_s, past.missed, self._params.motion)

    def _start(self, boxes: Floats) -> None:
        if not boxes.shape[1]:
            return
        p, born = self._params, begin(boxes, self._params.motion)
        self._motion = self._motion.join(born)
        self._observed = self._observed.join(first_observed(boxes, born, self._time_s))
        self._table = self._table.join(enrol(self._next_ids, boxes.shape[1], self._time_s, p.confirm_after_s))

    def _close(self, rows: Rows, scores: Floats32, is_gone: Mask) -> Tracks:
        """Shows the tracks seen, and forgets those given up."""
        tracks = show_tracks(self._table, rows, boxes_of(self._motion.take(rows)), scores, is_gone)
        if is_gone.any():
            stays = ~is_gone
            self._motion, self._observed = self._motion.take(stays), self._observed.take(stays)
            self._table = self._table.take(stays)
        return tracks


def _left(is_open: Mask, taken: Rows) -> Rows:
    """The open rows that were not taken."""
    is_left = is_open.copy()
    is_left[taken] = False
    return np.flatnonzero(is_left)
