import threading
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage, TrackImage
from pipeline.records import Frame, Tracklet
from pipeline.tracking.camera_loop import CameraObserver, FrameStep, StreamEnded
from pipeline.view.feed import MOST_CROPS, Feed, FeedParams
from pipeline.view.moments import HEIGHT, MOMENTS, WIDTH
from pipeline.view.run_site import MemoryDesk
from testing.waiting import until
from trackers.tracks import Tracks

PARAMS = FeedParams(fps=1000.0, width=160)


def step(index: int = 0, *tracklets: Tracklet) -> FrameStep:
    image = np.full((180, 640, 3), 120, np.uint8)
    tracks = Tracks(
        ids=np.array([7]),
        boxes=np.array([[64, 18, 128, 90]], np.float32),
        scores=np.array([0.9], np.float32),
        ended=np.array([], np.int64),
    )
    found = Detections(tracks.boxes, tracks.scores)
    return FrameStep(Frame("door", index, 10.0 + index, "receive", image), found, tracks, tracklets, (), 0.0, 0.0)


def tracklet(track: int, quality: float, shade: int = 100) -> Tracklet:
    return Tracklet(
        track=TrackKey("door", "r", track),
        tracklet_index=0,
        start_s=0.0,
        cut_s=1.0,
        clock="receive",
        crops=np.full((1, 64, 32, 3), shade, np.uint8),
        times_s=np.array([0.5]),
        boxes=np.array([[0, 0, 32, 64]], np.float32),
        quality=np.array([quality], np.float32),
    )


class SlowDesk(MemoryDesk):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.is_busy = threading.Event()
        self.go = threading.Event()
        self.kept = 0

    def wanted(self) -> frozenset[str]:
        return frozenset({"door"})

    def show(self, image: CameraImage) -> None:
        self.is_busy.set()
        self.go.wait(20)
        super().show(image)

    def keep(self, image: TrackImage) -> None:
        self.kept += 1


def test_while_nobody_looks_no_frame_is_laid_out() -> None:
    desk = MemoryDesk()
    with Feed(desk, PARAMS) as feed:
        camera: CameraObserver = feed.observer("door")
        camera(step(0, tracklet(1, 0.5)))
        until(lambda: desk.crop(TrackKey("door", "r", 1)) is not None)
    assert desk.frame("door", "") is None


def test_a_frame_that_is_wanted_comes_smaller_with_its_boxes_as_shares_of_it() -> None:
    desk = MemoryDesk()
    desk.watch(["door"])
    with Feed(desk, PARAMS) as feed:
        camera = feed.observer("door")
        until(lambda: feed.is_wanted("door"))
        camera(step(3))
        until(lambda: desk.frame("door", "") is not None)
    shown = desk.frame("door", "")
    assert shown is not None
    assert (shown.number, shown.width, shown.height) == (3, 160, 45)
    assert [(box.track, box.place) for box in shown.boxes] == [(7, (0.1, 0.1, 0.2, 0.5))]
    assert shown.jpeg.startswith(b"\xff\xd8")
    assert CameraImage.of(shown.head(), shown.jpeg) == shown


def test_of_each_track_the_best_crop_is_kept() -> None:
    desk = MemoryDesk()
    with Feed(desk, PARAMS) as feed:
        camera = feed.observer("door")
        camera(step(0, tracklet(1, 0.5)))
        until(lambda: desk.crop(TrackKey("door", "r", 1)) is not None)
        first = desk.crop(TrackKey("door", "r", 1))
        camera(step(1, tracklet(1, 0.4, shade=200)))
        camera(StreamEnded((tracklet(2, 0.9),), ()))
        until(lambda: desk.crop(TrackKey("door", "r", 2)) is not None)
        assert desk.crop(TrackKey("door", "r", 1)) == first
        camera(step(2, tracklet(1, 0.8, shade=200)))
        until(lambda: desk.crop(TrackKey("door", "r", 1)) != first)


def test_with_the_best_crop_the_moments_around_it_are_kept_in_order_of_time() -> None:
    desk, track = MemoryDesk(), TrackKey("door", "r", 1)
    shades = np.arange(30, 230, 25).astype(np.uint8)
    crops = np.broadcast_to(shades[:, None, None, None], (8, 64, 32, 3))
    with Feed(desk, PARAMS) as feed:
        feed.observer("door")(step(0, replace(tracklet(1, 0.5), **eightfold(crops))))
        moments = until(lambda: desk.moments(track))
    strip = cv2.imdecode(np.frombuffer(moments, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert strip is not None
    assert strip.shape == (HEIGHT, MOMENTS * WIDTH)
    seen = strip.reshape(HEIGHT, MOMENTS, WIDTH).mean(axis=(0, 2))
    assert np.abs(seen - shades[[0, 2, 3, 4, 6, 7]]).max() < 3


def eightfold(crops: NDArray[np.uint8]) -> dict[str, Any]:
    """The fields of a tracklet of so many crops."""
    n = len(crops)
    boxes = np.tile(np.array([0, 0, 32, 64], np.float32), (n, 1))
    return {"crops": crops, "times_s": np.arange(n) / n, "boxes": boxes, "quality": np.full(n, 0.5, np.float32)}


def test_a_desk_that_takes_nothing_holds_no_camera_up_and_what_waits_is_bounded() -> None:
    desk = SlowDesk()
    with Feed(desk, PARAMS) as feed:
        camera = feed.observer("door")
        until(lambda: feed.is_wanted("door"))
        camera(step(0))
        assert desk.is_busy.wait(20)
        for index in range(1, 5 * MOST_CROPS):
            camera(step(index, tracklet(index, 0.5)))
        desk.go.set()
        until(lambda: desk.kept >= MOST_CROPS)
    assert desk.kept <= MOST_CROPS + 1
