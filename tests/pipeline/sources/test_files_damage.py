"""Damaged recordings of many codecs: a packet is skipped and counted, or the source fails alone and says why."""

import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import pytest

from pipeline.sources.errors import SourceError
from pipeline.sources.files import FileSource
from pipeline.sources.source import DropCause
from testing.sources import DropCounter
from testing.videos import RED, write_image_video, write_video

CODECS = {
    "libx264": ("mp4", "yuv420p"),
    "libx265": ("mkv", "yuv420p"),
    "mpeg4": ("avi", "yuv420p"),
    "mpeg2video": ("ts", "yuv420p"),
    "mpeg1video": ("mpg", "yuv420p"),
    "mjpeg": ("avi", "yuvj420p"),
    "libvpx": ("webm", "yuv420p"),
    "libvpx-vp9": ("webm", "yuv420p"),
    "libsvtav1": ("mp4", "yuv420p"),
    "flv1": ("flv", "yuv420p"),
    "dvvideo": ("avi", "yuv420p"),
    "png": ("mov", "rgb24"),
    "prores_ks": ("mov", "yuv422p10le"),
    "ffv1": ("mkv", "yuv420p"),
    "huffyuv": ("avi", "yuv422p"),
    "wmv2": ("asf", "yuv420p"),
    "gif": ("gif", "rgb8"),
    "qtrle": ("mov", "rgb24"),
    "dnxhd": ("mov", "yuv422p"),
}
SIZES = {"dvvideo": (720, 576), "dnxhd": (1280, 720)}
TRIES = 60


@pytest.fixture(autouse=True)
def _quiet_libraries() -> Iterator[None]:
    """Encoders and decoders talk about damage, at length."""
    av.logging.set_level(av.logging.PANIC)
    yield
    av.logging.set_level(None)


def damage(content: bytes, chance: random.Random) -> bytes:
    """Other bytes here and there, some missing, some too many; more often near the start, where headers are."""
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 3, 10, 40])):
        place = chance.randrange(min(len(damaged) - 1, chance.choice([200, len(damaged)])))
        length = chance.randrange(1, 64)
        match chance.randrange(4):
            case 0:
                damaged[place : place + length] = chance.randbytes(length)
            case 1:
                del damaged[place : place + length]
            case _:
                damaged[place] = chance.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("codec", CODECS)
def test_damage_is_skipped_or_ends_this_source_alone(tmp_path: Path, codec: str) -> None:
    suffix, pixel_format = CODECS[codec]
    whole = write_image_video(
        tmp_path / f"whole.{suffix}", 12, codec=codec, pixel_format=pixel_format, size=SIZES.get(codec, (176, 144))
    )
    assert len(list(FileSource("door", whole))) == 12
    chance = random.Random(codec)
    path = tmp_path / f"damaged.{suffix}"
    for _ in range(TRIES):
        path.write_bytes(damage(whole.read_bytes(), chance))
        times_s: list[float] = []
        try:
            times_s.extend(frame.time_s for frame in FileSource("door", path))
        except SourceError as error:
            assert str(error).startswith(f"camera door: {path}: ")  # noqa: PT017 - not every damage is an error
        assert all(earlier < later for earlier, later in pairwise(times_s))


def with_a_broken_packet(path: Path, number: int, codec: str, pixel_format: str) -> Path:
    """A recording in which one packet is of zeros behind its first bytes."""
    whole = write_image_video(path.with_stem("whole"), 24, codec=codec, pixel_format=pixel_format, size=(176, 144))
    with av.open(str(whole)) as source:
        places = [(p.pos or 0, p.size) for p in source.demux(video=0) if p.size]
    content = bytearray(whole.read_bytes())
    start, size = places[number]
    # Chunk headers stay as they are.
    content[start + 10 : start + size] = bytes(size - 10)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("number", [0, 10])
@pytest.mark.parametrize(("suffix", "codec", "pixel_format"), [("avi", "mjpeg", "yuvj420p"), ("mov", "png", "rgb24")])
def test_a_packet_that_cannot_be_decoded_is_a_gap_and_counted(
    tmp_path: Path, suffix: str, codec: str, pixel_format: str, number: int
) -> None:
    counts = DropCounter()
    path = with_a_broken_packet(tmp_path / f"video.{suffix}", number, codec, pixel_format)
    frames = list(FileSource("door", path, frame_rate=25, observers=[counts]))
    missing = set(range(24)) - {frame.index for frame in frames}
    assert missing == {number}
    assert counts.drops == {DropCause.CORRUPT: 1}
    assert frames[-1].time_s == pytest.approx(23 / 25)


def test_a_lost_packet_of_a_transport_stream_is_no_cut(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_video(tmp_path / "video.ts", [RED] * 50, noise=True)
    content = path.read_bytes()
    place = len(content) // 2 // 188 * 188
    path.write_bytes(content[:place] + content[place + 188 :])
    assert len(list(FileSource("door", path))) >= 49
    assert "read to its end" in caplog.text
    assert "1 packets came damaged" in caplog.text


def test_a_frame_that_is_shown_for_long_is_no_cut(tmp_path: Path) -> None:
    for name in ("video.mp4", "video.mkv"):
        path = write_video(tmp_path / name, [RED] * 10, ticks=[*range(9), 500])
        assert len(list(FileSource("door", path))) == 10
    lapse = write_video(tmp_path / "lapse.mp4", [RED] * 10, ticks=[125 * index for index in range(10)])
    times_s = [frame.time_s for frame in FileSource("door", lapse)]
    assert times_s == pytest.approx([5.0 * index for index in range(10)])


@pytest.mark.shared
def test_recordings_that_broke_us_are_read_whole(shared: Path) -> None:
    folder = shared / "data" / "faults"
    read = {path.name: list(FileSource("door", path)) for path in sorted(folder.glob("*.*")) if path.suffix != ".md"}
    assert {name: len(frames) for name, frames in read.items()} == {
        "flv1_bad_packet.flv": 24,
        "last_frame_21s.mp4": 50,
        "lost_188_bytes.ts": 50,
        "mirrored_phone.mp4": len(read["mirrored_phone.mp4"]),
        "mjpeg_bad_sampling.avi": 24,
        "one_frame_hours_ahead.ts": 50,
        "timelapse_0.2fps.mp4": 20,
    }
    steps_s = [later.time_s - earlier.time_s for earlier, later in pairwise(read["one_frame_hours_ahead.ts"])]
    assert max(steps_s) < 0.1
