"""Folders of images: numbered as the images are, decoded by their content."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.sources.decoding import RgbConverter, decode_image
from pipeline.sources.errors import SourceError
from pipeline.sources.folders import FolderSource, frame_numbers
from pipeline.sources.source import DropCause
from testing.sources import DropCounter
from testing.videos import BLUE, GREEN, RED, cut


def write_image(path: Path, colour: tuple[int, int, int]) -> None:
    cv2.imwrite(str(path), np.full((40, 60, 3), colour[::-1], np.uint8))


def test_images_come_in_the_order_of_their_numbers_and_at_their_times(tmp_path: Path) -> None:
    for name, colour in (("img10.png", BLUE), ("img9.jpg", GREEN), ("img1.JPG", RED)):
        write_image(tmp_path / name, colour)
    (tmp_path / "notes.txt").write_text("no image")
    source = FolderSource("door", tmp_path, frame_rate=2, starts_at_s=100.0)
    frames = list(source)
    assert source.length() == 3
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 100.0), (8, 104.0), (9, 104.5)]
    for frame, colour in zip(frames, [RED, GREEN, BLUE], strict=True):
        assert np.abs(frame.image.astype(int) - colour).max() <= 4
        assert frame.image.flags.c_contiguous


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["000001", "000002", "000004"], [0, 1, 3]),
        (["img0", "img5", "img10", "img20"], [0, 1, 2, 4]),
        (["cam3_000007", "cam3_000009", "cam3_000010"], [0, 2, 3]),
        (["2026-11-30_10-00-59", "2026-11-30_10-01-00"], [0, 1]),
        (["anna", "bob1", "c"], [0, 1, 2]),
        (["7"], [0]),
        (["01", "1"], [0, 1]),
    ],
)
def test_missing_numbers_are_missing_frames(names: list[str], numbers: list[int]) -> None:
    assert frame_numbers([Path(f"{name}.jpg") for name in names]) == numbers


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_an_image_that_cannot_be_read_is_a_gap_counted_and_named(
    tmp_path: Path, suffix: str, share: float, caplog: pytest.LogCaptureFixture
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    for number in (1, 2, 3):
        cv2.imwrite(str(tmp_path / f"{number}.{suffix}"), noise)
    cut(tmp_path / f"2.{suffix}", share)
    counter = DropCounter()
    frames = list(FolderSource("door", tmp_path, frame_rate=1, observers=[counter]))
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, 0.0), (2, 2.0)]
    assert counter.drops == {DropCause.CORRUPT: 1}
    assert f"2.{suffix}: expected a JPEG or PNG image" in caplog.text


def test_pipes_folders_and_links_to_nothing_that_are_named_like_images_are_skipped_and_counted(tmp_path: Path) -> None:
    write_image(tmp_path / "0.jpg", RED)
    os.mkfifo(tmp_path / "1.jpg")
    (tmp_path / "2.jpg").symlink_to("3.jpg")
    (tmp_path / "3.jpg").symlink_to("2.jpg")
    (tmp_path / "4.jpg").symlink_to("nowhere")
    (tmp_path / "5.jpg").mkdir()
    (tmp_path / "6.jpg").symlink_to("0.jpg")
    count = DropCounter()
    assert [frame.index for frame in FolderSource("door", tmp_path, frame_rate=5, observers=[count])] == [0, 6]
    assert count.drops == {DropCause.CORRUPT: 5}


def test_a_folder_of_damaged_images_alone_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no image")
    with pytest.raises(SourceError, match=r"1\.jpg: expected a JPEG or PNG image"):
        list(FolderSource("door", tmp_path, frame_rate=1))


def test_images_are_what_their_bytes_say_and_hidden_files_are_none(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png", RED)
    (tmp_path / "1.png").rename(tmp_path / "1.jpg")
    write_image(tmp_path / "2.jpg", GREEN)
    (tmp_path / "._1.jpg").write_bytes(b"\0\5\x16\7 a resource fork")
    counter = DropCounter()
    frames = list(FolderSource("door", tmp_path, frame_rate=1, observers=[counter]))
    assert [frame.index for frame in frames] == [0, 1]
    assert not counter.drops
    assert np.abs(frames[0].image.astype(int) - RED).max() == 0


EXIF_ORIENTATIONS = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
    8: lambda image: np.rot90(image, 1),
}


def write_jpeg(path: Path, image: np.ndarray, orientation: int) -> None:
    """A JPEG with the EXIF tag that says how its pixels lie."""
    tag = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + orientation.to_bytes(2, "big") + b"\0\0\0\0\0\0"
    block = b"Exif\0\0" + tag
    content = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block + content[2:])


@pytest.mark.parametrize("orientation", EXIF_ORIENTATIONS)
def test_an_image_stands_as_exif_says(tmp_path: Path, orientation: int) -> None:
    upright = cv2.resize(np.random.default_rng(1).integers(60, 200, (3, 4, 3), np.uint8), (64, 48))
    path = tmp_path / "1.jpg"
    write_jpeg(path, upright, orientation)
    found = decode_image(path, RgbConverter())
    wanted = EXIF_ORIENTATIONS[orientation](decode_plain(tmp_path, upright))
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).mean() < 1


def decode_plain(folder: Path, image: np.ndarray) -> np.ndarray:
    write_jpeg(folder / "plain.jpg", image, 1)
    return decode_image(folder / "plain.jpg", RgbConverter())


def test_a_folder_without_images_or_none_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found none"):
        list(FolderSource("door", tmp_path, frame_rate=1))
    with pytest.raises(SourceError, match="no such folder"):
        FolderSource("door", tmp_path / "missing", frame_rate=1).length()
