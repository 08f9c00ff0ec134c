"""The contract of every source, and what is told from an address alone."""

import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.pacing import Newest, Throttled
from pipeline.sources import FrameSource, kind_of, run_id
from pipeline.video_files import FileSource, FolderSource

PATIENCE_S = 10.0
Make = Callable[[Path], FrameSource]


def film(folder: Path) -> FileSource:
    path = folder / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    return FileSource("door", path)


def images(folder: Path) -> FolderSource:
    for index in range(50):
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((48, 64, 3), np.uint8))
    return FolderSource("door", folder, frame_rate=25)


SOURCES: dict[str, Make] = {
    "film": film,
    "images": images,
    "newest of a film": lambda folder: Newest(film(folder)),
    "a film throttled": lambda folder: Throttled(film(folder), 5),
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> FrameSource:
    return SOURCES[request.param](tmp_path)


def test_frames_come_in_order_with_increasing_times(source: FrameSource) -> None:
    frames = list(source)
    assert frames
    assert all(a.index < b.index and a.time_s < b.time_s for a, b in pairwise(frames))
    for frame in frames:
        assert frame.camera == "door"
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous


def test_a_source_closed_before_it_began_has_no_frames(source: FrameSource) -> None:
    source.close()
    source.close()
    assert list(source) == []


def test_closing_from_another_thread_ends_the_iteration(source: FrameSource) -> None:
    frames = iter(source)
    next(frames)
    other = threading.Thread(target=source.close)
    other.start()
    other.join(PATIENCE_S)
    assert list(frames) == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://cam.example/1", "stream"),
        ("RTSPS://cam.example/1", "stream"),
        ("https://cam.example/live.m3u8", "stream"),
        ("/dev/video0", "stream"),
        ("film.mp4", "file"),
        ("missing/film.mp4", "file"),
        ("/dev/video", "file"),
        (".", "folder"),
    ],
)
def test_an_address_tells_what_it_names(url: str, kind: str) -> None:
    assert kind_of(url) == kind


def test_the_run_of_a_file_is_its_content_not_its_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "one.mp4").write_bytes(content)
    (tmp_path / "two.mp4").write_bytes(content)
    (tmp_path / "longer.mp4").write_bytes(content + b"!")
    one, two, longer = (run_id(tmp_path / f"{name}.mp4") for name in ("one", "two", "longer"))
    assert one == two != longer
    assert len(one) == 12
    assert set(one) <= set("0123456789abcdef")


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 200_000])
def test_a_changed_last_byte_is_another_run(tmp_path: Path, size: int) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(size) + b"a")
    before = run_id(path)
    path.write_bytes(bytes(size) + b"b")
    assert run_id(path) != before


def test_the_run_of_a_folder_changes_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    before = run_id(tmp_path)
    assert run_id(tmp_path) == before
    (tmp_path / "2.png").rename(tmp_path / "3.png")
    assert run_id(tmp_path) != before
