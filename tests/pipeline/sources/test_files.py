import struct
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.records import Image
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.files import FileSource
from pipeline.sources.folders import FolderSource
from testing.videos import BLUE, GREEN, HEIGHT, RATE, RED, WIDTH, cut, write_video


def test_frames_come_in_order_in_their_colours_as_contiguous_rgb(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.mp4", [RED, GREEN, BLUE] * 10)
    frames = list(FileSource("door", video))
    assert [frame.index for frame in frames] == list(range(30))
    assert {(frame.camera, frame.clock) for frame in frames} == {("door", "container")}
    for frame, colour in zip(frames, [RED, GREEN, BLUE] * 10, strict=True):
        assert frame.image.shape == (HEIGHT, WIDTH, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert np.abs(frame.image.astype(int) - colour).max() <= 6


def test_an_earlier_frame_keeps_its_image_while_later_ones_are_decoded(tmp_path: Path) -> None:
    frames = iter(FileSource("door", write_video(tmp_path / "video.mp4", [RED] + [BLUE] * 20)))
    first = next(frames).image
    before = first.copy()
    list(frames)
    np.testing.assert_array_equal(first, before)


def test_times_are_the_containers_counted_from_the_given_start(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.ts", [RED] * 20)
    times_s = [frame.time_s for frame in FileSource("door", video, starts_at_s=1000.0)]
    np.testing.assert_allclose(times_s, 1000 + np.arange(20) / RATE, atol=1e-5)


def test_an_uneven_video_keeps_its_own_times(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.mkv", [RED] * 5, ticks=[0, 1, 5, 6, 20])
    times_s = [frame.time_s for frame in FileSource("door", video)]
    np.testing.assert_allclose(times_s, np.array([0, 1, 5, 6, 20]) / RATE, atol=2e-3)


def test_a_given_frame_rate_overrides_the_container(tmp_path: Path) -> None:
    video = write_video(tmp_path / "video.mp4", [RED] * 15)
    times_s = [frame.time_s for frame in FileSource("door", video, starts_at_s=5.0, frame_rate=7)]
    np.testing.assert_allclose(times_s, 5 + np.arange(15) / 7)


@pytest.mark.parametrize("name", ["video.mp4", "video.mkv", "video.ts", "video.avi"])
def test_the_length_is_known_before_reading(tmp_path: Path, name: str) -> None:
    source = FileSource("door", write_video(tmp_path / name, [RED] * 40))
    assert source.length() == 40
    assert len(list(source)) == 40


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_a_video_held_sideways_is_turned_upright(tmp_path: Path, rotation: float, turns: int) -> None:
    upright = next(iter(FileSource("door", write_video(tmp_path / "upright.mp4", [RED], noise=True)))).image
    turned = next(iter(FileSource("door", write_video(tmp_path / "video.mp4", [RED], rotation=rotation, noise=True))))
    assert turned.image.flags.c_contiguous
    np.testing.assert_array_equal(turned.image, np.rot90(upright, turns))


MIRRORS = {
    "across": ((-1, 0, 0, 1), (WIDTH, 0), np.fliplr),
    "upside down": ((1, 0, 0, -1), (0, HEIGHT), np.flipud),
    "over the diagonal": ((0, 1, 1, 0), (0, 0), lambda image: np.transpose(image, (1, 0, 2))),
}
"""Display matrices (a, b, c, d) and (x, y) as ISO 14496-12 has them, and what a player shows."""


@pytest.mark.parametrize("way", MIRRORS)
def test_a_video_that_its_display_matrix_mirrors_is_shown_as_a_player_does(tmp_path: Path, way: str) -> None:
    matrix, place, shown = MIRRORS[way]
    video = write_video(tmp_path / "upright.mp4", [RED], noise=True)
    plain = next(iter(FileSource("door", video))).image
    content = bytearray(video.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = matrix
    values = (a, b, 0, c, d, 0, *place, 1)
    shifts = (16, 16, 30, 16, 16, 30, 16, 16, 30)
    content[at : at + 36] = b"".join(struct.pack(">i", v << n) for v, n in zip(values, shifts, strict=True))
    mirrored = tmp_path / "mirrored.mp4"
    mirrored.write_bytes(content)
    [frame] = FileSource("door", mirrored)
    np.testing.assert_array_equal(frame.image, shown(plain))


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path) -> None:
    assert len(list(FileSource("door", write_video(tmp_path / "12:30:00.mp4", [RED] * 3)))) == 3


@pytest.mark.parametrize("name", ["video.mp4", "video.mkv", "video.avi", "video.flv"])
def test_a_video_cut_off_gives_what_is_there_and_then_says_so(tmp_path: Path, name: str) -> None:
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    video = cut(write_video(tmp_path / name, [RED] * 150, options=options, noise=True), 0.6)
    images: list[Image] = []
    with pytest.raises(SourceError, match=rf"camera door: .*{name}: cut off after \d+ frames") as caught:
        images.extend(frame.image for frame in FileSource("door", video))
    assert caught.value.code is ErrorCode.CORRUPT
    assert 80 <= len(images) <= 95


def test_a_video_whose_index_was_never_written_is_one_clear_error(tmp_path: Path) -> None:
    video = cut(write_video(tmp_path / "video.mp4", [RED] * 30, noise=True), 0.6)
    with pytest.raises(SourceError, match=r"video\.mp4: no video that can be read"):
        list(FileSource("door", video))


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as video:
        stream = video.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        video.mux(stream.encode(frame))


@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("missing.mp4", None, ErrorCode.NOT_FOUND, "no such file"),
        ("empty.mp4", b"", ErrorCode.CORRUPT, "found an empty one"),
        ("text.mp4", b"this is no video\n" * 1000, ErrorCode.CORRUPT, "no video that can be read"),
        ("sound.wav", "sound", ErrorCode.CODEC, "no video in it"),
        ("folder.mp4", "folder", ErrorCode.NOT_FOUND, "found another thing"),
    ],
)
def test_what_is_no_video_is_one_clear_line(
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


def test_a_playlist_under_the_name_of_a_video_fetches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "video.m3u8"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError, match="no video that can be read"):
        list(FileSource("door", path))


def test_closing_ends_the_iteration(tmp_path: Path) -> None:
    source = FileSource("door", write_video(tmp_path / "video.mp4", [RED] * 30))
    frames = iter(source)
    next(frames)
    source.close()
    source.close()
    assert list(frames) == []


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_frame_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(ValueError, match="camera door: frame_rate"):
        FileSource("door", tmp_path, frame_rate=rate)
    with pytest.raises(ValueError, match="camera door: frame_rate"):
        FolderSource("door", tmp_path, frame_rate=rate)


@pytest.mark.shared
def test_real_footage_is_as_long_as_known(shared: Path) -> None:
    video = shared / "data" / "multicam" / "pets2009_s2l1" / "View_001.mp4"
    source = FileSource("door", video, frame_rate=7)
    frames = 0
    for frame in source:
        frames += 1
        last = frame
    assert frames == source.length() == 795
    assert last.image.shape == (576, 768, 3)
    assert last.time_s == pytest.approx(794 / 7)
