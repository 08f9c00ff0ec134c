"""The people of one video, followed from image to image."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.build import build_detector, build_source, build_tracker
from pipeline.commands.flags import Flags, merge_flags
from pipeline.config import PipelineConfig
from pipeline.records import Frame
from trackers.tracks import Tracks

CAMERA = "video"


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """One image, and who is in it.

    Attributes:
        frame: the image, (H, W, 3) uint8 RGB, its number and its time.
        tracks: boxes in pixels of the image, and the number of the track that each belongs to.
    """

    frame: Frame
    tracks: Tracks


def track(source: str | Path, *, detector: str | None = None) -> Iterator[TrackedFrame]:
    """Finds the people in a video and follows them, image by image.

    Args:
        source: a video file, a folder of images, an address.
        detector: name or file of a network, or `hog`; None: the best that is on this machine.

    Raises:
        PasserbyError: at the call, if what was asked for makes no sense; from the iteration, if the network or the
            source cannot be used.
    """
    config, _ = merge_flags(None, Flags(cameras=(f"{CAMERA}={source}",), detector=detector))
    return _frames(config)


def _frames(config: PipelineConfig) -> Iterator[TrackedFrame]:
    found_by, tracker = build_detector(config), build_tracker(config)
    chunks = build_source(config.cameras[0], (), prefetches=False)
    try:
        for chunk in chunks:
            found = found_by.detect([frame.image for frame in chunk])
            for frame, detections in zip(chunk, found, strict=True):
                yield TrackedFrame(frame, tracker.update(detections, frame.time_s, frame.image))
    finally:
        chunks.close()
