"""What the camera loop looks at, and where it says that people are."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections
from pipeline.ordering.channel import Channel, OrderParams
from pipeline.output.thumbnails import Thumbnails, thumbnail_path
from pipeline.records import Frame, Tracklet, Window
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.tracking.camera_loop import CameraLoop, CameraNews, FrameStep, Region, StreamEnded
from pipeline.tracking.gate import GateParams
from pipeline.tracking.tracklets import TrackletBuffer, TrackletParams
from reid_runtime.card import ClipSpec
from trackers.bytetrack import ByteTrack

HEIGHT, WIDTH = 60, 80
BOX = (3.0, 4.0, 13.0, 34.0)


class Camera:
    """Chunks of images in which each pixel is another, of one size or of one for each chunk. A `ChunkSource`."""

    def __init__(self, chunks: Sequence[int], sizes: Sequence[tuple[int, int]] = ((HEIGHT, WIDTH),)) -> None:
        self._chunks = chunks
        self._sizes = [*sizes, *[sizes[-1]] * (len(chunks) - len(sizes))] if chunks else []
        self.is_closed = False

    def __iter__(self) -> Iterator[list[Frame]]:
        index = 0
        for count, (height, width) in zip(self._chunks, self._sizes, strict=True):
            chunk = []
            for _ in range(count):
                chunk.append(Frame("door", index, index / 10, "container", image(height, width)))
                index += 1
            yield chunk

    def close(self) -> None:
        self.is_closed = True


def image(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    row, column = np.mgrid[:height, :width]
    return np.stack([row, column, row ^ column], axis=2).astype(np.uint8)


class OnePerson:
    """Sees one person at the same place of each image, and keeps what it was shown. A `Detector`."""

    def __init__(self) -> None:
        self.asked: list[list[NDArray[np.uint8]]] = []

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        self.asked.append(list(images))
        return [Detections(np.array([BOX], np.float32), np.array([0.9], np.float32)) for _ in images]


def run(source: Camera, detector: OnePerson, region: Region | None = None) -> tuple[list[FrameStep], list[Window]]:
    """What the loop told of each frame, and what came out of the channel when it had ended."""
    news, windows = run_and_tell(source, detector, region)
    return [what for what in news if isinstance(what, FrameStep)], windows


def run_and_tell(
    source: Camera, detector: OnePerson, region: Region | None = None
) -> tuple[list[CameraNews], list[Window]]:
    news: list[CameraNews] = []
    channel: Channel[Tracklet, Window] = Channel(["door"], Window, OrderParams(lead_s=100.0), is_live=False)
    lane, buffer = channel.lane("door"), TrackletBuffer("door", "run", ClipSpec(2, 16, 8))
    loop = CameraLoop(source, detector, ByteTrack(), buffer, lane, region=region, observers=[news.append])
    try:
        loop.run()
    finally:
        lane.close()
    return news, list(channel)


def test_a_chunk_is_one_call_of_the_detector() -> None:
    detector = OnePerson()
    steps, _ = run(Camera([4, 4, 1]), detector)
    assert [len(images) for images in detector.asked] == [4, 4, 1]
    assert [step.frame.index for step in steps] == list(range(9))


def test_the_detector_sees_the_region_alone_and_people_lie_in_the_whole_image() -> None:
    detector = OnePerson()
    steps, windows = run(Camera([2, 1]), detector, region=(10, 5, 50, 45))
    for images in detector.asked:
        for shown in images:
            np.testing.assert_array_equal(shown, image()[5:45, 10:50])
            assert shown.flags.c_contiguous
    for step in steps:
        assert step.detections.boxes.tolist() == [[13.0, 9.0, 23.0, 39.0]]
        assert step.frame.image.shape == (HEIGHT, WIDTH, 3)
    assert steps[-1].tracks.boxes.tolist() == [pytest.approx([13.0, 9.0, 23.0, 39.0], abs=0.5)]
    assert [end.track.camera for window in windows for end in window.ended] == ["door"]


def test_a_region_may_be_the_whole_image() -> None:
    detector = OnePerson()
    run(Camera([1]), detector, region=(0, 0, WIDTH, HEIGHT))
    np.testing.assert_array_equal(detector.asked[0][0], image())


@pytest.mark.parametrize("region", [(0, 0, WIDTH + 1, HEIGHT), (0, 0, WIDTH, HEIGHT + 1), (90, 70, 100, 80)])
def test_a_region_that_does_not_lie_within_the_image_is_found_at_the_first_frame(region: Region) -> None:
    source, detector = Camera([4, 4]), OnePerson()
    with pytest.raises(SourceError, match="expected a region within its image of 80x60") as caught:
        run(source, detector, region=region)
    assert caught.value.code is ErrorCode.REGION
    assert detector.asked == []
    assert source.is_closed


def test_a_camera_that_changes_to_a_size_without_the_region_has_failed_and_its_tracks_have_ended() -> None:
    source, ended = Camera([2, 2], [(HEIGHT, WIDTH), (30, 40)]), []
    channel: Channel[Tracklet, Window] = Channel(["door"], Window, OrderParams(lead_s=100.0), is_live=False)
    buffer = TrackletBuffer("door", "run", ClipSpec(2, 16, 8))
    loop = CameraLoop(source, OnePerson(), ByteTrack(), buffer, channel.lane("door"), region=(0, 0, 60, 50))
    with pytest.raises(SourceError, match="its image of 40x30"):
        loop.run()
    channel.lane("door").close()
    ended = [end for window in channel for end in window.ended]
    assert len(ended) == 1


def test_the_tracks_that_end_with_the_stream_are_told_of_once_after_the_last_frame() -> None:
    news, windows = run_and_tell(Camera([4, 4]), OnePerson())
    last = news[-1]
    assert isinstance(last, StreamEnded)
    assert [isinstance(what, FrameStep) for what in news] == [True] * 8 + [False]
    assert list(last.ended) == [end for window in windows for end in window.ended]
    assert len(last.ended) == 1


def test_a_stream_without_a_frame_ends_without_a_word() -> None:
    assert run_and_tell(Camera([]), OnePerson()) == ([], [])


def test_thumbnails_are_kept_of_people_who_were_there_to_the_end_too(tmp_path: Path) -> None:
    params = TrackletParams(gate=GateParams(min_height_px=10, min_sharpness=0), slot_s=0.1)
    channel: Channel[Tracklet, Window] = Channel(["door"], Window, OrderParams(lead_s=100.0), is_live=False)
    buffer = TrackletBuffer("door", "run", ClipSpec(16, 16, 8), params)
    lane = channel.lane("door")
    CameraLoop(Camera([4]), OnePerson(), ByteTrack(), buffer, lane, observers=[Thumbnails(tmp_path)]).run()
    lane.close()
    ((tracklet,),) = [window.tracklets for window in channel if window.tracklets]
    assert thumbnail_path(tmp_path, tracklet.track, 0).read_bytes().startswith(b"\xff\xd8")
