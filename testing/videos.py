"""Small videos of one colour a frame, damaged and whole, for tests of what reads recordings."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

RED, GREEN, BLUE = (200, 30, 40), (20, 180, 60), (50, 40, 220)
WIDTH, HEIGHT, RATE = 130, 98, 25


def write_video(
    path: Path,
    colours: Sequence[tuple[int, int, int]],
    *,
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    rotation: float = 0,
    noise: bool = False,
) -> Path:
    """One H.264 frame per colour; `ticks` are their times in frames, `lasts` is how long the last one is shown."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w", options=options or {}) as video:
        stream = video.add_stream("libx264", rate=RATE)
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
            video.mux(stream.encode(frame))
        video.mux(stream.encode())
    return path


def write_image_video(path: Path, frames: int, *, codec: str, pixel_format: str, size: tuple[int, int]) -> Path:
    """A video in any codec that FFmpeg writes: a pattern that moves.

    Args:
        size: width and height, pixels.
    """
    width, height = size
    base = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    pattern = base.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as video:
        stream = cast(VideoStream, video.add_stream(codec, rate=RATE))
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        if codec == "dnxhd":
            stream.bit_rate = 120_000_000
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(np.roll(pattern, 3 * index, axis=1), "rgb24")
            video.mux(stream.encode(frame.reformat(format=pixel_format)))
        video.mux(stream.encode())
    return path


def cut(path: Path, share: float) -> Path:
    """Cuts a file off behind that share of its bytes."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    return path
