"""The camera loop: frames of one camera become tracklets."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.detections import Detections
from detectors.detector import Detector
from pipeline.channel import Lane
from pipeline.records import Frame, TrackEnd, Tracklet
from pipeline.source_errors import ErrorCode, SourceError
from pipeline.tracklets import TrackletBuffer
from trackers.tracker import Tracker
from trackers.tracks import Tracks

Region = tuple[int, int, int, int]
"""x1 y1 x2 y2 in pixels: the part of the picture to look at."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What one frame led to, for those who watch.

    Attributes:
        frame: the whole picture; not to be kept.
        detections, tracks: in pixels of the whole picture.
        tracklets, ended: what was handed on.
        detect_s, track_s: wall time taken, seconds.
    """

    frame: Frame
    detections: Detections
    tracks: Tracks
    tracklets: Sequence[Tracklet]
    ended: Sequence[TrackEnd]
    detect_s: float
    track_s: float


class CameraLoop:
    """Runs one camera from the first frame to the last; one thread, used once.

    Args:
        region: look only there; the detector sees that part at a larger scale.
        watchers: called after each frame, in this thread.
    """

    def __init__(
        self,
        source: Iterable[Frame],
        detector: Detector,
        tracker: Tracker,
        buffer: TrackletBuffer,
        lane: Lane[Tracklet],
        *,
        region: Region | None = None,
        watchers: Sequence[Callable[[Step], None]] = (),
    ) -> None:
        self._source = source
        self._detector = detector
        self._tracker = tracker
        self._buffer = buffer
        self._lane = lane
        self._region = region
        self._watchers = watchers

    def run(self) -> None:
        """Returns at the end of the stream, with every track ended and handed on, also if the source fails.

        Raises:
            SourceError: if the source failed.
            ChannelClosed: if nobody takes tracklets any more.
        """
        last_s = -np.inf
        try:
            for frame in self._source:
                last_s = frame.time_s
                self._step(frame)
        finally:
            if np.isfinite(last_s):
                self._lane.put(*self._buffer.end(self._tracker.flush().ended, last_s))

    def _step(self, frame: Frame) -> None:
        started_s = time.perf_counter()
        detections = self._detect(frame)
        detected_s = time.perf_counter()
        tracks = self._tracker.update(detections, frame.time_s, frame.image)
        tracked_s = time.perf_counter()
        tracklets, ended = self._buffer.add(frame, tracks)
        self._lane.put(tracklets, ended)
        step = Step(frame, detections, tracks, tracklets, ended, detected_s - started_s, tracked_s - detected_s)
        for watcher in self._watchers:
            watcher(step)
        self._lane.advance(frame.time_s)

    def _detect(self, frame: Frame) -> Detections:
        if self._region is None:
            return self._detector.detect([frame.image])[0]
        x1, y1, x2, y2 = self._region
        part = frame.image[y1:y2, x1:x2]
        if not part.size:
            height, width = frame.image.shape[:2]
            raise SourceError(
                ErrorCode.OTHER,
                f"camera {frame.camera}: expected a region within its picture of {width}x{height}, "
                f"found {list(self._region)}; mend it in the configuration",
            )
        found = self._detector.detect([np.ascontiguousarray(part)])[0]
        return replace(found, boxes=found.boxes + np.array([x1, y1, x1, y1], np.float32))
