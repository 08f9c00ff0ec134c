from pathlib import Path

import pytest

from pipeline.sources.announced import announced_bytes
from testing.videos import RED, cut, write_video

SAYS = ("video.mp4", "video.mov", "video.mkv", "video.webm", "video.avi", "video.flv")


def written(path: Path) -> Path:
    return write_video(path.with_suffix(".mkv") if path.suffix == ".webm" else path, [RED] * 60, noise=True)


@pytest.mark.parametrize("name", SAYS)
def test_a_whole_file_is_as_long_as_it_says(tmp_path: Path, name: str) -> None:
    video = written(tmp_path / name)
    assert announced_bytes(video) == video.stat().st_size


@pytest.mark.parametrize("name", SAYS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_says_that_it_was_longer(tmp_path: Path, name: str, share: float) -> None:
    video = written(tmp_path / name)
    if name.endswith(("mp4", "mov")) and share > 0.9:
        pytest.skip("the cut lies in its index: it cannot be opened at all")
    whole = video.stat().st_size
    announced = announced_bytes(cut(video, share))
    assert announced is not None
    assert video.stat().st_size < announced <= whole


def test_what_follows_the_container_is_not_its_business(tmp_path: Path) -> None:
    for name in ("video.mp4", "video.avi", "video.flv"):
        video = written(tmp_path / name)
        whole = video.stat().st_size
        with video.open("ab") as file:
            file.write(b"\0" * 100)
        assert announced_bytes(video) == whole


@pytest.mark.parametrize("content", [b"", b"x", b"\x1aE\xdf\xa3", b"RIFF\0\0\0\0AVI ", b"G" * 376])
def test_what_says_nothing_is_never_cut_off(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video"
    path.write_bytes(content)
    assert announced_bytes(path) is None


def test_a_transport_stream_says_nothing(tmp_path: Path) -> None:
    assert announced_bytes(written(tmp_path / "video.ts")) is None
