"""A disk that is full while a run writes: one line names the file, the exit code is 1, and what is half looks half."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.cli import main
from pipeline.output.files import written_whole
from pipeline.output.mot_files import MotFileError, MotTracks, write_tracks
from testing.still_person import still_person
from testing.videos import write_image_video

DISK_KIB = 1024
PAGE = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, as small as a test needs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "none", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def leave(disk: Path, pages: int) -> None:
    """Fills the disk up to so many pages of 4 KiB."""
    free = os.statvfs(disk).f_bavail
    (disk / "filler").write_bytes(bytes((free - pages) * PAGE))


def run(folder: Path, out: Path, frames: int, *words: str) -> int:
    """A run over a video in which somebody stands."""
    write_image_video(folder / "door.mp4", frames, codec="libx264", pixel_format="yuv420p", size=(320, 240))
    config = {
        "cameras": [{"name": "door", "source": str(folder / "door.mp4")}],
        "detector": {"kind": "network", "model": str(still_person(folder / "still.onnx"))},
        "encoder": {"kind": "colour-stripes"},
        "tracklets": {"gate": {"min_sharpness": 0.0}},
        "output": {"directory": str(out)},
    }
    (folder / "site.yaml").write_text(json.dumps(config), encoding="utf-8")
    return main(["run", str(folder / "site.yaml"), *words])


@pytest.mark.parametrize(
    ("words", "frames", "pages", "full", "whole"),
    [
        (("--report",), 30, 5, "report.html", {"events.jsonl", "door.txt", "door.ini"}),
        (("--videos",), 30, 8, "videos/door.mp4", {"events.jsonl", "door.txt", "door.ini"}),
        ((), 400, 4, "tracks/door.txt", {"events.jsonl", "door.txt.partial"}),
    ],
)
def test_a_file_that_finds_no_room_is_named_and_does_not_look_whole(
    disk: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    frames: int,
    pages: int,
    full: str,
    whole: set[str],
) -> None:
    leave(disk, pages)
    assert run(tmp_path, disk / "out", frames, *words) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("reid-pipeline: ")]
    assert len(errors) == 1
    assert full in errors[0]
    assert "No space left on device" in errors[0]
    left = {path.name for path in (disk / "out").rglob("*") if path.is_file()}
    assert left == whole


def test_tracks_that_find_no_room_are_named_and_those_of_before_stay(disk: Path) -> None:
    n = 5000
    boxes = np.tile(np.array([1, 1, 3, 7], np.float32), (n, 1))
    few = MotTracks(np.arange(1, 3), np.ones(2, np.int64), boxes[:2], np.ones(2, np.float32))
    many = MotTracks(np.arange(1, n + 1), np.ones(n, np.int64), boxes, np.ones(n, np.float32))
    write_tracks(disk / "door.txt", few)
    before = (disk / "door.txt").read_bytes()
    leave(disk, 3)
    with pytest.raises(MotFileError, match=r"door.txt: No space left on device; name another folder"):
        write_tracks(disk / "door.txt", many)
    assert (disk / "door.txt").read_bytes() == before
    assert {path.name for path in disk.iterdir()} == {"door.txt", "filler"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError()])
def test_whatever_ends_the_writing_leaves_what_was_there(tmp_path: Path, error: BaseException) -> None:
    def write_half() -> None:
        with written_whole(tmp_path / "report.html") as partial:
            partial.write_text("hal")
            raise error

    (tmp_path / "report.html").write_text("before")
    with pytest.raises(type(error)):
        write_half()
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"report.html": "before"}
