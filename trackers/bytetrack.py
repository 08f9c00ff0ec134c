"""ByteTrack: associate every box, first those that the detector is sure of, then the doubtful ones.

Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box", ECCV 2022, Algorithm 1.

What differs from the paper, with HOTA / IDF1 on the four sequences of MOT17 that the settings were chosen on, where all
of it together gives 45.4 / 53.0:

- people are lost after 2 s instead of 30 frames (with 1 s: 44.7 / 51.5);
- overlap heeds the height (see `overlapping_pairs`), size has no velocity (see `motion`);
- all times are in seconds, also what confirms a track: not its second frame, but being seen again 0.03 s later. To show
  everybody at once is better on this score (45.9 / 53.6), but gives every false alarm an id, so it is not the default;
- the box shown is the filter's, not the detector's, which is worth 0.1 HOTA;
- if asked to, it joins nobody to a box of quite other colours (`most_different`).
"""

import math
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from trackers.appearance import Appearance, differences, measure_appearance, no_appearance
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
from trackers.motion import MotionParams, begin, boxes_of, correct, predict
from trackers.track_table import elapsed_s, enrol, show_tracks
from trackers.tracks import Tracks


@dataclass(frozen=True, slots=True)
class ByteTrackParams:
    """Settings of ByteTrack.

    Attributes:
        high_score: detections from here on are joined first, to all tracks; higher keeps false alarms away from them.
        low_score: detections below are ignored; lower follows people further into an occlusion, and clutter with them.
        new_track_score: a detection that no track wants starts one from here on; higher starts fewer false
            tracks, later.
        least_overlap: of a track and a sure detection; lower bridges faster motion and longer gaps, and confuses
            neighbours.
        least_overlap_low: of a track and a doubtful detection, which is more often a wrong one.
        confirm_after_s: a track is shown once it was seen again this long after the first time; longer holds back more
            false alarms, and the first frames of everybody.
        doubtful_after_s: give up a track that is not confirmed when it was unseen for this long.
        lost_after_s: give up a confirmed one; longer bridges occlusions, and confuses people who swap places.
        most_different: a detection whose colours differ more from those of a track, in grey levels (see `appearance`),
            is
            somebody else: lower loses people who turn or step into the shade, higher follows one through another.
            Infinity: colours are not looked at, and no image is needed.
        motion: how people move.
    """

    high_score: float = 0.5
    low_score: float = 0.1
    new_track_score: float = 0.6
    least_overlap: float = 0.2
    least_overlap_low: float = 0.5
    confirm_after_s: float = 0.03
    doubtful_after_s: float = 0.15
    lost_after_s: float = 2.0
    most_different: float = math.inf
    motion: MotionParams = field(default_factory=MotionParams)

    def __post_init__(self) -> None:
        if not self.most_different > 0:
            raise ValueError(f"expected most_different above 0, found {self.most_different}")


RENEWAL = 0.3
"""Share of a track's colours that a new detection brings."""


class ByteTrack:
    """A `Tracker`."""

    def __init__(self, params: ByteTrackParams | None = None) -> None:
        self._params = params or ByteTrackParams()
        self._next_ids = count(1)
        self._time_s = -math.inf
        self._motion = begin(np.empty((4, 0)), self._params.motion)
        self._table = enrol(self._next_ids, 0, 0.0, 0.0)
        self._appearance = no_appearance() if math.isfinite(self._params.most_different) else None

    def update(self, detections: Detections, time_s: float, image: NDArray[np.uint8] | None = None) -> Tracks:
        """See `Tracker.update`."""
        p = self._params
        self._motion = predict(self._motion, elapsed_s(self._time_s, time_s), p.motion)
        self._time_s = time_s
        usable = usable_rows(detections, p.low_score)
        boxes, scores = detections.boxes[usable].T.astype(np.float64), detections.scores[usable]
        appearance = self._measure(detections.boxes[usable], image)
        joined = self._join(boxes, scores, appearance)
        self._follow(joined.tracks, boxes[:, joined.detections])
        births = unclaimed_rows(boxes, scores, p.new_track_score, joined.detections)
        rows = np.concatenate([joined.tracks, len(self._table) + np.arange(len(births))])
        self._start(boxes[:, births])
        self._remember(joined, births, appearance)
        is_gone = self._table.is_given_up(time_s, p.lost_after_s, p.doubtful_after_s)
        return self._close(rows, scores[np.concatenate([joined.detections, births])], is_gone)

    def flush(self) -> Tracks:
        """See `Tracker.flush`."""
        none = np.empty(0, np.intp)
        return self._close(none, np.empty(0, np.float32), np.ones(len(self._table), dtype=bool))

    def _measure(self, boxes: Floats32, image: NDArray[np.uint8] | None) -> Appearance | None:
        if self._appearance is None:
            return None
        if image is None:
            raise ValueError("a tracker with a finite most_different looks at colours: expected an image, found none")
        return measure_appearance(image, boxes)

    def _remember(self, joined: Pairs, births: Rows, appearance: Appearance | None) -> None:
        if self._appearance is None or appearance is None:
            return
        known = self._appearance[joined.tracks]
        self._appearance[joined.tracks] = known + np.float32(RENEWAL) * (appearance[joined.detections] - known)
        self._appearance = np.concatenate([self._appearance, appearance[births]])

    def _join(self, boxes: Floats, scores: Floats32, appearance: Appearance | None) -> Pairs:
        """The two associations of Algorithm 1, lines 17 to 22, and that of the tracks that are not confirmed."""
        p = self._params
        pairs = overlapping_pairs(boxes_of(self._motion), boxes)
        if self._appearance is not None and appearance is not None:
            different = differences(self._appearance[pairs.tracks], appearance[pairs.detections])
            pairs = pairs.take(different <= p.most_different)
        is_confirmed = self._table.is_confirmed[pairs.tracks]
        is_sure = (scores >= p.high_score)[pairs.detections]
        is_open = ~self._table.is_unseen_for(p.lost_after_s, self._time_s)[pairs.tracks]
        sure = is_open & is_sure & (pairs.overlap > p.least_overlap)
        doubtful = is_open & ~is_sure & (pairs.overlap > p.least_overlap_low)
        stages = [sure & is_confirmed, doubtful & is_confirmed, sure & ~is_confirmed]
        return assign(pairs, pairs.overlap, stages)

    def _follow(self, rows: Rows, boxes: Floats) -> None:
        p = self._params
        self._motion = self._motion.put(rows, correct(self._motion.take(rows), boxes, p.motion))
        self._table = self._table.see(rows, self._time_s, p.confirm_after_s)

    def _start(self, boxes: Floats) -> None:
        if not boxes.shape[1]:
            return
        p = self._params
        self._motion = self._motion.join(begin(boxes, p.motion))
        self._table = self._table.join(enrol(self._next_ids, boxes.shape[1], self._time_s, p.confirm_after_s))

    def _close(self, rows: Rows, scores: Floats32, is_gone: Mask) -> Tracks:
        """Shows the tracks seen, and forgets those given up."""
        tracks = show_tracks(self._table, rows, boxes_of(self._motion.take(rows)), scores, is_gone)
        if is_gone.any():
            self._motion, self._table = self._motion.take(~is_gone), self._table.take(~is_gone)
            self._appearance = None if self._appearance is None else self._appearance[~is_gone]
        return tracks
