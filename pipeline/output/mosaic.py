"""Several cameras in one image, each with its name and the time; and a video of that out of the videos of a run."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from pipeline.output.annotate import CRF
from pipeline.output.files import written_whole
from pipeline.records import Image

CELL = (640, 360)
"""Width and height of a camera in a mosaic."""
FPS = 10.0
BAR_PX = 24
GROUND, INK = (16, 18, 22), (236, 238, 243)


def caption(image: Image, name: str, when: str) -> Image:
    """The image with a bar above it that says which camera it is, and when."""
    width = image.shape[1]
    bar = np.full((BAR_PX, width, 3), GROUND, np.uint8)
    cv2.putText(bar, name, (6, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    (text_px, _), _ = cv2.getTextSize(when, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
    cv2.putText(bar, when, (max(6, width - text_px - 6), 16), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    whole: Image = np.vstack([bar, image])
    return whole


def tile(images: Sequence[Image], *, cell: tuple[int, int] = CELL) -> Image:
    """All of them side by side, as near to a square of cells as can be, none distorted."""
    columns = max(1, math.ceil(math.sqrt(len(images))))
    rows = max(1, math.ceil(len(images) / columns))
    width, height = cell
    whole = np.full((rows * height, columns * width, 3), GROUND, np.uint8)
    for number, image in enumerate(images):
        share = min(width / image.shape[1], height / image.shape[0])
        size = max(1, int(image.shape[1] * share)), max(1, int(image.shape[0] * share))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        top = number // columns * height + (height - size[1]) // 2
        left = number % columns * width + (width - size[0]) // 2
        whole[top : top + size[1], left : left + size[0]] = small
    return whole


def write_mosaic(
    videos: Mapping[str, tuple[Path, float]], path: Path, when: Callable[[float], str], *, fps: float = FPS
) -> int:
    """Writes the videos of a run as one, side by side, each at its own time.

    Args:
        videos: by camera: the annotated video, and the time of its first frame, seconds since the epoch.
        path: of the mosaic.
        when: what stands beside a camera's name at a time.
        fps: of the mosaic.

    Returns:
        How many frames were written.
    """
    with ExitStack() as stack:
        played = {name: _Played(stack, file, start_s) for name, (file, start_s) in videos.items()}
        now_s = min(each.time_s for each in played.values())
        partial = stack.enter_context(written_whole(path))
        container = stack.enter_context(av.open(str(partial), "w", format="mp4", options={"movflags": "faststart"}))
        stream = None
        count = 0
        while not all(each.is_over for each in played.values()):
            images = [caption(each.at(now_s), name, when(now_s)) for name, each in played.items()]
            whole = tile(images)
            if stream is None:
                rate = Fraction(fps).limit_denominator(1001)
                stream = container.add_stream("libx264", rate=rate, options={"crf": CRF, "preset": "veryfast"})
                stream.height, stream.width = whole.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="rgb24")))
            count, now_s = count + 1, now_s + 1 / fps
        if stream is not None:
            container.mux(stream.encode())
    return count


class _Played:
    """A video that is looked at, at later and later times."""

    def __init__(self, stack: ExitStack, path: Path, start_s: float) -> None:
        self._container = stack.enter_context(av.open(str(path)))
        self._frames: Iterator[av.VideoFrame] = self._container.decode(video=0)
        self._start_s = start_s
        self._next: av.VideoFrame | None = next(self._frames, None)
        self._image: Image | None = None
        self.time_s = start_s

    @property
    def is_over(self) -> bool:
        return self._next is None

    def at(self, time_s: float) -> Image:
        """The newest image up to that time; before the first, that one."""
        while self._next is not None and (self._image is None or self._start_s + (self._next.time or 0) <= time_s):
            self._image = self._next.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
            self._next = next(self._frames, None)
        assert self._image is not None, "a video that was written has a frame"
        return self._image
