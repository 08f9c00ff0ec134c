"""What cameras lay out for the view: frames at which somebody looks, and the best crop of each track.

A camera's thread does little: it looks whether somebody wants its frame, and if so makes the image smaller. JPEG is
made in the feed's own thread, out of at most one frame of each camera and a bounded number of crops: what is too much
is left out, and no camera waits for it. While nobody looks, a frame costs one look into a set.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from passerby_events.tracks import TrackKey
from pipeline.images import Box, CameraImage, ImageDesk, TrackImage
from pipeline.records import Image, Tracklet
from pipeline.tracking.camera_loop import CameraNews, CameraObserver, FrameStep
from pipeline.view.moments import moments_of
from trackers.tracks import Tracks

logger = logging.getLogger(__name__)

ASK_EVERY_S = 0.5
"""Between two questions at which cameras somebody looks."""
MOST_CROPS = 64
"""That wait to be kept; a newer one takes the place of the oldest."""
CROP_QUALITY, FRAME_QUALITY = 85, 75
FORGET_TRACKS = 4096
"""Tracks of which it is known how good their crop is."""
COMPLAIN_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class FeedParams:
    """
    Attributes:
        fps: frames of a camera per second, at most.
        width: of a frame, pixels.
    """

    fps: float
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    camera: str
    session: str
    number: int
    time_s: float
    image: Image
    boxes: tuple[Box, ...]


class Feed:
    """Lays out what the cameras of a process see, in a thread of its own, while it is entered.

    Args:
        desk: where images go.
        params: how many, and how large.
    """

    def __init__(self, desk: ImageDesk, params: FeedParams, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._params = params
        self._clock = clock
        self._wanted: frozenset[str] = frozenset()
        self._frames: dict[str, _Shown] = {}
        self._tracklets: OrderedDict[TrackKey, Tracklet] = OrderedDict()
        self._lock = threading.Lock()
        self._has_work = threading.Event()
        self._is_over = threading.Event()
        self._complains_again_s = 0.0
        self._thread = threading.Thread(target=self._run, name="images", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._has_work.set()
        self._thread.join()

    def observer(self, camera: str) -> CameraObserver:
        """What one camera tells."""
        return _CameraFeed(self, camera, self._params, self._clock)

    def is_wanted(self, camera: str) -> bool:
        return camera in self._wanted

    def show(self, shown: _Shown) -> None:
        """Takes the place of a frame of that camera that nobody has made a JPEG of."""
        with self._lock:
            self._frames[shown.camera] = shown
        self._has_work.set()

    def keep(self, tracklet: Tracklet) -> None:
        with self._lock:
            self._tracklets[tracklet.track] = tracklet
            while len(self._tracklets) > MOST_CROPS:
                self._tracklets.popitem(last=False)
        self._has_work.set()

    def _run(self) -> None:
        asks_again_s = 0.0
        while not self._is_over.is_set():
            if self._clock() >= asks_again_s:
                asks_again_s = self._clock() + ASK_EVERY_S
                self._try(self._ask)
            self._lay_out()
            self._has_work.wait(max(0.0, asks_again_s - self._clock()))
            self._has_work.clear()
        self._lay_out()

    def _ask(self) -> None:
        self._wanted = self._desk.wanted()

    def _lay_out(self) -> None:
        with self._lock:
            frames, self._frames = self._frames, {}
            tracklets, self._tracklets = self._tracklets, OrderedDict()
        for shown in frames.values():
            self._try(lambda shown=shown: self._desk.show(_image_of(shown)))  # type: ignore[misc]
        for tracklet in tracklets.values():
            self._try(lambda tracklet=tracklet: self._desk.keep(_images_of(tracklet)))  # type: ignore[misc]

    def _try(self, action: Callable[[], None]) -> None:
        """An image that cannot be laid out is lost: the pipeline goes on."""
        try:
            action()
        except (PasserbyError, OSError) as error:
            if self._clock() >= self._complains_again_s:
                self._complains_again_s = self._clock() + COMPLAIN_EVERY_S
                logger.warning("images for the view are left out: %s", error)


class _CameraFeed:
    """One camera's side of a feed; called in its thread."""

    def __init__(self, feed: Feed, camera: str, params: FeedParams, clock: Callable[[], float]) -> None:
        self._feed = feed
        self._camera = camera
        self._params = params
        self._clock = clock
        self._shows_again_s = 0.0
        self._session = ""
        self._best: OrderedDict[TrackKey, float] = OrderedDict()

    def __call__(self, what: CameraNews) -> None:
        for tracklet in what.tracklets:
            self._keep(tracklet)
        for end in what.ended:
            self._session = end.track.session
            self._best.pop(end.track, None)
        if isinstance(what, FrameStep) and self._feed.is_wanted(self._camera):
            self._show(what)

    def _keep(self, tracklet: Tracklet) -> None:
        self._session = tracklet.track.session
        quality = float(tracklet.quality.max())
        if quality <= self._best.get(tracklet.track, -1.0):
            return
        self._best[tracklet.track] = quality
        while len(self._best) > FORGET_TRACKS:
            self._best.popitem(last=False)
        self._feed.keep(tracklet)

    def _show(self, step: FrameStep) -> None:
        now_s = self._clock()
        if now_s < self._shows_again_s:
            return
        self._shows_again_s = now_s + 1 / self._params.fps
        frame = step.frame
        small = shrink_to(frame.image, self._params.width)
        boxes = boxes_of(step.tracks, frame.image.shape[1], frame.image.shape[0])
        self._feed.show(_Shown(frame.camera, self._session, frame.index, frame.time_s, small, boxes))


def shrink_to(image: Image, width: int) -> Image:
    """A copy that is no wider."""
    height, wide = image.shape[:2]
    if wide <= width:
        return image.copy()
    size = (width, max(1, round(height * width / wide)))
    # By area where it is cheap, and as good: an image of twice the width or more is first thinned out.
    step = wide // width
    small: NDArray[np.uint8] = cv2.resize(image[::step, ::step], size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return small


def boxes_of(tracks: Tracks, width: int, height: int) -> tuple[Box, ...]:
    """The boxes of a frame of that size."""
    shares = np.clip(tracks.boxes / np.array([width, height, width, height], np.float32), 0, 1)
    rows: Sequence[list[float]] = np.round(shares.astype(np.float64), 4).tolist()
    return tuple(
        Box(int(track), (x1, y1, x2, y2)) for track, (x1, y1, x2, y2) in zip(tracks.ids.tolist(), rows, strict=True)
    )


def encode_jpeg(image: Image, quality: int = CROP_QUALITY) -> bytes:
    """JPEG of an RGB image."""
    _, jpeg = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return jpeg.tobytes()


def _images_of(tracklet: Tracklet) -> TrackImage:
    best = tracklet.crops[int(tracklet.quality.argmax())]
    return TrackImage(tracklet.track, encode_jpeg(best), moments_of(tracklet.crops))


def _image_of(shown: _Shown) -> CameraImage:
    height, width = shown.image.shape[:2]
    return CameraImage(
        camera=shown.camera,
        session=shown.session,
        number=shown.number,
        time_s=shown.time_s,
        width=width,
        height=height,
        boxes=shown.boxes,
        jpeg=encode_jpeg(shown.image, FRAME_QUALITY),
    )
