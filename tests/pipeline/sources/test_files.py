from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from pipeline.records import Image
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.files import ContainerTimes, FileSource, FolderSource

RED, GREEN, BLUE = (200, 30, 40), (20, 180, 60), (50, 40, 220)
WIDTH, HEIGHT, RATE = 130, 98, 25


def write_film(
    path: Path,
    colours: Sequence[tuple[int, int, int]],
    *,
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    rotation: float = 0,
    noise: bool = False,
) -> Path:
    """One H.264 frame per colour; `ticks` are their times in frames."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w", options=options or {}) as film:
        stream = film.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        stream.options = {"preset": "ultrafast", "g": "10", "crf": "10"}
        if rotation:
            stream.set_display_rotation(rotation)
        for index, colour in enumerate(colours):
            image = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
            if noise:
                image = random.integers(0, 255, image.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts = ticks[index] if ticks else index
            frame.time_base = Fraction(1, RATE)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


def cut(path: Path, share: float) -> Path:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path


def test_frames_come_in_order_in_their_colours_as_contiguous_rgb(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [RED, GREEN, BLUE] * 10)
    frames = list(FileSource("door", film))
    assert [frame.index for frame in frames] == list(range(30))
    assert {(frame.camera, frame.clock) for frame in frames} == {("door", "container")}
    for frame, colour in zip(frames, [RED, GREEN, BLUE] * 10, strict=True):
        assert frame.image.shape == (HEIGHT, WIDTH, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert np.abs(frame.image.astype(int) - colour).max() <= 6


def test_an_earlier_frame_keeps_its_picture_while_later_ones_are_decoded(tmp_path: Path) -> None:
    frames = iter(FileSource("door", write_film(tmp_path / "film.mp4", [RED] + [BLUE] * 20)))
    first = next(frames).image
    before = first.copy()
    list(frames)
    np.testing.assert_array_equal(first, before)


def test_times_are_the_containers_counted_from_the_given_start(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.ts", [RED] * 20)
    times_s = [frame.time_s for frame in FileSource("door", film, starts_at_s=1000.0)]
    np.testing.assert_allclose(times_s, 1000 + np.arange(20) / RATE, atol=1e-5)


def test_an_uneven_film_keeps_its_own_times(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [RED] * 5, ticks=[0, 1, 5, 6, 20])
    times_s = [frame.time_s for frame in FileSource("door", film)]
    np.testing.assert_allclose(times_s, np.array([0, 1, 5, 6, 20]) / RATE, atol=2e-3)


def test_a_given_frame_rate_overrides_the_container(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [RED] * 15)
    times_s = [frame.time_s for frame in FileSource("door", film, starts_at_s=5.0, frame_rate=7)]
    np.testing.assert_allclose(times_s, 5 + np.arange(15) / 7)


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_the_length_is_known_before_reading(tmp_path: Path, name: str) -> None:
    source = FileSource("door", write_film(tmp_path / name, [RED] * 40))
    assert source.length() == 40
    assert len(list(source)) == 40


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_a_film_held_sideways_is_turned_upright(tmp_path: Path, rotation: float, turns: int) -> None:
    upright = next(iter(FileSource("door", write_film(tmp_path / "upright.mp4", [RED], noise=True)))).image
    turned = next(iter(FileSource("door", write_film(tmp_path / "film.mp4", [RED], rotation=rotation, noise=True))))
    assert turned.image.flags.c_contiguous
    np.testing.assert_array_equal(turned.image, np.rot90(upright, turns))


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path) -> None:
    assert len(list(FileSource("door", write_film(tmp_path / "12:30:00.mp4", [RED] * 3)))) == 3


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.avi", "film.flv"])
def test_a_film_cut_off_gives_what_is_there_and_then_says_so(tmp_path: Path, name: str) -> None:
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    film = cut(write_film(tmp_path / name, [RED] * 150, options=options, noise=True), 0.6)
    images: list[Image] = []
    with pytest.raises(SourceError, match=rf"camera door: .*{name}: cut off after \d+ frames") as caught:
        images.extend(frame.image for frame in FileSource("door", film))
    assert caught.value.code is ErrorCode.CORRUPT
    assert 80 <= len(images) <= 95


def test_a_film_whose_index_was_never_written_is_one_clear_error(tmp_path: Path) -> None:
    film = cut(write_film(tmp_path / "film.mp4", [RED] * 30, noise=True), 0.6)
    with pytest.raises(SourceError, match=r"film\.mp4: no video that can be read"):
        list(FileSource("door", film))


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as film:
        stream = film.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        film.mux(stream.encode(frame))


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("missing.mp4", None, ErrorCode.NOT_FOUND, "no such file"),
        ("empty.mp4", b"", ErrorCode.CORRUPT, "found an empty one"),
        ("text.mp4", b"this is no film\n" * 1000, ErrorCode.CORRUPT, "no video that can be read"),
        ("sound.wav", "sound", ErrorCode.CODEC, "no video in it"),
        ("folder.mp4", "folder", ErrorCode.NOT_FOUND, "found a folder"),
    ],
)
def test_what_is_no_film_is_one_clear_line(
    tmp_path: Path, name: str, content: bytes | str | None, code: ErrorCode, says: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "sound":
        write_sound(path)
    elif content == "folder":
        path.mkdir()
    with pytest.raises(SourceError, match=says) as caught:
        list(FileSource("door", path))
    assert caught.value.code is code
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_playlist_under_the_name_of_a_film_fetches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError, match="no video that can be read"):
        list(FileSource("door", path))


def test_closing_ends_the_iteration(tmp_path: Path) -> None:
    source = FileSource("door", write_film(tmp_path / "film.mp4", [RED] * 30))
    frames = iter(source)
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []


@pytest.mark.parametrize(
    ("container_s", "times_s"),
    [
        ([3.0, 3.5, 4.0], [0.0, 0.5, 1.0]),
        ([None, None, None], [0.0, 0.1, 0.2]),
        ([3.0, None, 3.5], [0.0, 0.1, 0.5]),
        ([3.0, 3.1, 3.1, 3.2], [0.0, 0.1, 0.101, 0.2]),
        ([3.0, 3.2, 3.1, 3.3], [0.0, 0.2, 0.201, 0.3]),
        ([3.0, 9.0, 3.0, 3.5], [0.0, 6.0, 6.1, 6.6]),
    ],
    ids=["plain", "no times", "one time missing", "repeated", "out of order", "joined recordings"],
)
def test_times_always_increase(container_s: list[float | None], times_s: list[float]) -> None:
    times = ContainerTimes(0.0, 0.1)
    found = [times.following(time_s) for time_s in container_s]
    assert found == pytest.approx(times_s)
    assert all(earlier < later for earlier, later in pairwise(found))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_frame_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(ValueError, match="camera door: frame_rate"):
        FileSource("door", tmp_path, frame_rate=rate)
    with pytest.raises(ValueError, match="camera door: frame_rate"):
        FolderSource("door", tmp_path, frame_rate=rate)


def write_image(path: Path, colour: tuple[int, int, int]) -> None:
    cv2.imwrite(str(path), np.full((40, 60, 3), colour[::-1], np.uint8))


def test_images_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name, colour in (("img10.png", BLUE), ("img9.jpg", GREEN), ("img1.JPG", RED)):
        write_image(tmp_path / name, colour)
    (tmp_path / "notes.txt").write_text("no image")
    source = FolderSource("door", tmp_path, frame_rate=2, starts_at_s=100.0)
    frames = list(source)
    assert source.length() == 3
    assert [frame.time_s for frame in frames] == [100.0, 100.5, 101.0]
    for frame, colour in zip(frames, [RED, GREEN, BLUE], strict=True):
        assert np.abs(frame.image.astype(int) - colour).max() <= 4
        assert frame.image.flags.c_contiguous


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_an_image_that_cannot_be_read_is_named(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    cv2.imwrite(str(tmp_path / f"1.{suffix}"), noise)
    cv2.imwrite(str(tmp_path / f"2.{suffix}"), noise)
    cut(tmp_path / f"2.{suffix}", share)
    frames = iter(FolderSource("door", tmp_path, frame_rate=1))
    assert next(frames).index == 0
    with pytest.raises(SourceError, match=rf"2\.{suffix}: expected a JPEG or PNG image"):
        next(frames)


def test_a_folder_without_images_or_none_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="found none"):
        list(FolderSource("door", tmp_path, frame_rate=1))
    with pytest.raises(SourceError, match="no such folder"):
        FolderSource("door", tmp_path / "missing", frame_rate=1).length()


@pytest.mark.shared
def test_real_footage_is_as_long_as_known(shared: Path) -> None:
    film = shared / "data" / "multicam" / "pets2009_s2l1" / "View_001.mp4"
    source = FileSource("door", film, frame_rate=7)
    frames = 0
    for frame in source:
        frames += 1
        last = frame
    assert frames == source.length() == 795
    assert last.image.shape == (576, 768, 3)
    assert last.time_s == pytest.approx(794 / 7)
