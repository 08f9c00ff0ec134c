from pathlib import Path

import pytest

from pipeline.sources.source import kind_of, recording_id


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("rtsp://cam.example/1", "stream"),
        ("RTSPS://cam.example/1", "stream"),
        ("https://cam.example/live.m3u8", "stream"),
        ("/dev/video0", "stream"),
        ("video.mp4", "file"),
        ("missing/video.mp4", "file"),
        ("/dev/video", "file"),
        (".", "folder"),
    ],
)
def test_an_address_tells_what_it_names(url: str, kind: str) -> None:
    assert kind_of(url) == kind


def test_the_id_of_a_file_is_its_content_not_its_name(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "one.mp4").write_bytes(content)
    (tmp_path / "two.mp4").write_bytes(content)
    (tmp_path / "longer.mp4").write_bytes(content + b"!")
    one, two, longer = (recording_id(tmp_path / f"{name}.mp4") for name in ("one", "two", "longer"))
    assert one == two != longer
    assert len(one) == 12
    assert set(one) <= set("0123456789abcdef")


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, 64 * 1024 + 1, 200_000])
def test_a_changed_last_byte_is_another_run(tmp_path: Path, size: int) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes(bytes(size) + b"a")
    before = recording_id(path)
    path.write_bytes(bytes(size) + b"b")
    assert recording_id(path) != before


def test_the_id_of_a_folder_changes_with_its_files(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    before = recording_id(tmp_path)
    assert recording_id(tmp_path) == before
    (tmp_path / "2.png").rename(tmp_path / "3.png")
    assert recording_id(tmp_path) != before
