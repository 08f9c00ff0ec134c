"""The camera loop: frames of one camera become tracklets."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detectors.detections import Detections
from detectors.detector import Detector
from pipeline.ordering.channel import Lane
from pipeline.records import Frame, Image, TrackEnd, Tracklet
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import ChunkSource
from pipeline.tracking.masks import MaskFilter, Masks
from pipeline.tracking.tracklets import TrackletBuffer
from trackers.tracker import Tracker
from trackers.tracks import Tracks

Region = tuple[int, int, int, int]
"""x1 y1 x2 y2 in pixels: the part of the image to look at."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameStep:
    """What one frame led to, for those who observe.

    Attributes:
        frame: the whole image; not to be kept.
        detections, tracks: in pixels of the whole image.
        tracklets, ended: what was handed on.
        detect_s, track_s: wall time taken, seconds; that of looking for people is shared out among the frames that
            the detector was asked about together.
    """

    frame: Frame
    detections: Detections
    tracks: Tracks
    tracklets: Sequence[Tracklet]
    ended: Sequence[TrackEnd]
    detect_s: float
    track_s: float


@dataclass(frozen=True, slots=True, eq=False)
class StreamEnded:
    """What the end of a stream led to, in which there were frames: every track that was open has ended.

    Attributes:
        tracklets, ended: what was handed on.
    """

    tracklets: Sequence[Tracklet]
    ended: Sequence[TrackEnd]


CameraNews = FrameStep | StreamEnded
CameraObserver = Callable[[CameraNews], None]
"""Called after each frame and once at the end, in the thread of its camera."""


class CameraLoop:
    """Runs one camera from the first frame to the last; one thread, used once.

    Args:
        source: closed by `close`.
        region: look only there; the detector sees that part at a larger scale.
        masks: where people are, and where not.
    """

    def __init__(
        self,
        source: ChunkSource,
        detector: Detector,
        tracker: Tracker,
        buffer: TrackletBuffer,
        lane: Lane[Tracklet],
        *,
        region: Region | None = None,
        masks: Masks | None = None,
        observers: Sequence[CameraObserver] = (),
    ) -> None:
        self._source = source
        self._detector = detector
        self._tracker = tracker
        self._buffer = buffer
        self._lane = lane
        self._region = region
        self._masks = MaskFilter(masks or Masks())
        self._observers = observers
        self._last_s = -np.inf

    def run(self) -> None:
        """Returns at the end of the stream, with every track ended and handed on, also if the source fails.

        Raises:
            SourceError: if the source failed, or region or masks do not lie within its image.
            ChannelClosed: if nobody takes tracklets any more.
        """
        try:
            for frames in self._source:
                self._take(frames)
                self._lane.emit_watermark(self._last_s)
        finally:
            self.close()
            if np.isfinite(self._last_s):
                self._end_tracks()

    def close(self) -> None:
        """End of file: `run` returns soon. From any thread, at any time."""
        self._source.close()

    def _end_tracks(self) -> None:
        tracklets, ended = self._buffer.end(self._tracker.flush().ended, self._last_s, with_the_stream=True)
        self._lane.put(tracklets, ended)
        self._tell(StreamEnded(tracklets, ended))

    def _take(self, frames: Sequence[Frame]) -> None:
        started_s = time.perf_counter()
        found = [self._masks.keep(*each) for each in zip(self._detect(frames), frames, strict=True)]
        detect_s = (time.perf_counter() - started_s) / len(frames)
        for frame, detections in zip(frames, found, strict=True):
            self._step(frame, detections, detect_s)

    def _step(self, frame: Frame, detections: Detections, detect_s: float) -> None:
        self._last_s = frame.time_s
        started_s = time.perf_counter()
        tracks = self._tracker.update(detections, frame.time_s, frame.image)
        track_s = time.perf_counter() - started_s
        tracklets, ended = self._buffer.add(frame, tracks)
        self._lane.put(tracklets, ended)
        self._tell(FrameStep(frame, detections, tracks, tracklets, ended, detect_s, track_s))

    def _tell(self, what: CameraNews) -> None:
        for observer in self._observers:
            observer(what)

    def _detect(self, frames: Sequence[Frame]) -> list[Detections]:
        if self._region is None:
            return self._detector.detect([frame.image for frame in frames])
        x1, y1 = self._region[:2]
        corner = np.array([x1, y1, x1, y1], np.float32)
        found = self._detector.detect([_crop_region(frame, self._region) for frame in frames])
        return [replace(each, boxes=each.boxes + corner) for each in found]


def _crop_region(frame: Frame, region: Region) -> Image:
    x1, y1, x2, y2 = region
    height, width = frame.image.shape[:2]
    require_region(frame.camera, region, width, height)
    return np.ascontiguousarray(frame.image[y1:y2, x1:x2])


def require_region(camera: str, region: Region, width: int, height: int) -> None:
    """Raises SourceError if a region does not lie within an image of that size."""
    _, _, x2, y2 = region
    if x2 > width or y2 > height:
        raise SourceError(
            ErrorCode.REGION,
            f"camera {camera}: expected a region within its image of {width}x{height}, "
            f"found {list(region)}; mend it in the configuration",
        )
