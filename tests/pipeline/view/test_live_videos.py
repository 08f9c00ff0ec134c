from pathlib import Path

import av
import numpy as np

from pipeline.images import Box, CameraImage
from pipeline.view.book import Book
from pipeline.view.live_videos import LiveVideoParams, LiveVideos
from pipeline.view.run_site import MemoryDesk
from pipeline.view.viewed import Recorded
from testing.events import an_appearance
from testing.view.viewed_site import jpeg_of
from testing.waiting import until


def frame(camera: str, number: int, time_s: float) -> CameraImage:
    image = np.full((90, 161, 3), 90 + number, np.uint8)
    return CameraImage(camera, "r1", number, time_s, 161, 90, (Box(3, (0.1, 0.1, 0.4, 0.9)),), jpeg_of(image))


def frames_of(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        return [round(each.time or 0, 2) for each in file.decode(video=0)]


def test_live_cameras_are_written_as_they_come_in_files_that_are_rotated_and_all_together(tmp_path: Path) -> None:
    desk, book = MemoryDesk(), Book()
    book.take(an_appearance(3))
    params = LiveVideoParams(fps=200.0, each=True, mosaic=True)
    start_s = 1_790_000_000.0
    with LiveVideos(desk, book, ["door", "yard"], tmp_path, params, rotate_s=2.0) as videos:
        until(lambda: desk.wanted() == {"door", "yard"})
        assert videos.find("door", start_s) is None
        for number in range(6):
            for camera in ("door", "yard"):
                shown = frame(camera, number, start_s + 0.5 * number)
                desk.show(shown)
                until(lambda shown=shown: videos.newest(shown.camera) == shown.name)  # type: ignore[misc]
        partial = tmp_path / "door-20260921T141322Z.mp4.partial"
        until(lambda: videos.find("door", start_s + 2.5) == Recorded(partial, start_s + 2.0))
    assert videos.find("door", start_s + 2.5) == Recorded(tmp_path / "door-20260921T141322Z.mp4", start_s + 2.0)
    assert videos.find("door", start_s - 0.5) == Recorded(tmp_path / "door-20260921T141320Z.mp4", start_s)
    assert videos.find("door", start_s - 9) is None
    assert videos.find("door", start_s + 60) is None
    assert videos.find("hall", start_s) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("door-20260921T141320Z.mp4", "door-20260921T141322Z.mp4"),
        *("mosaic-20260921T141320Z.mp4", "mosaic-20260921T141322Z.mp4"),
        *("yard-20260921T141320Z.mp4", "yard-20260921T141322Z.mp4"),
    ]
    assert frames_of(tmp_path / "door-20260921T141320Z.mp4") == [0.0, 0.5, 1.0, 1.5]
    assert frames_of(tmp_path / "yard-20260921T141322Z.mp4") == [0.0, 0.5]


def test_what_was_recorded_can_be_watched_before_its_file_is_closed(tmp_path: Path) -> None:
    desk, start_s = MemoryDesk(), 1_790_000_000.0
    params = LiveVideoParams(fps=200.0, each=True, mosaic=False)
    with LiveVideos(desk, Book(), ["door"], tmp_path, params) as videos:
        for number in range(12):
            shown = frame("door", number, start_s + 0.5 * number)
            desk.show(shown)
            until(lambda shown=shown: videos.newest("door") == shown.name)  # type: ignore[misc]
        found = videos.find("door", start_s + 4.0)
        assert found is not None
        assert found.path.suffix == ".partial"
        assert frames_of(found.path)[-1] >= 4.0
