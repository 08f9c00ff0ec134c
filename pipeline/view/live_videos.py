"""Annotated videos of live streams, written as they come: what somebody who looks all the time would see.

A recorder is one more of those who look at the cameras: it asks for their frames, draws boxes, names and the time into
them, and encodes them in a thread of its own. What it does not keep up with is left out; no camera waits for it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from pipeline.images import CameraImage
from pipeline.output.annotate import CRF
from pipeline.output.files import partial_of
from pipeline.output.mosaic import CELL, caption, tile
from pipeline.records import Image
from pipeline.scheduling.regular import RegularThread
from pipeline.view.book import Book
from pipeline.view.drawing import drawn
from pipeline.view.run_site import MemoryDesk
from pipeline.view.viewed import Recorded

logger = logging.getLogger(__name__)

ROTATE_S = 600.0
"""A file is that long at most: what is lost with a power cut, and what is deleted at once."""
MOSAIC = "mosaic"
FORGETS_EVERY_S = 60.0
MOST_FILES = 5000
"""Of a camera, in which moments are looked for: a month of them."""
NEAR_S = 2.0
"""A moment that is no further before a file, or behind its end, is shown by it."""
LIVE = {"crf": CRF, "preset": "veryfast", "tune": "zerolatency", "g": "20"}
"""Of x264: a frame is written when it is there, and none waits for a later one; every twentieth can be jumped to."""
PLAYABLE = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "1000000",
    "flush_packets": "1",
}
"""Of the container: what is older than a second, in microseconds, is in the file."""
TICKS = 1000
"""Of a second, in which a frame has its place."""


@dataclass(frozen=True, slots=True)
class LiveVideoParams:
    """
    Attributes:
        fps: frames of a camera per second, at most.
        each: a video of each camera.
        mosaic: one of all cameras together.
    """

    fps: float
    each: bool
    mosaic: bool


class LiveVideos(RegularThread):
    """Records while it is entered.

    Args:
        desk: where cameras lay out frames.
        book: who is who.
        cameras: in the order in which a mosaic has them.
        folder: for `CAMERA-TIME.mp4`.
        rotate_s: length of a file, seconds.
    """

    def __init__(
        self,
        desk: MemoryDesk,
        book: Book,
        cameras: Sequence[str],
        folder: Path,
        params: LiveVideoParams,
        *,
        rotate_s: float = ROTATE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("videos", 0.5 / params.fps)
        self._desk = desk
        self._book = book
        self._cameras = tuple(cameras)
        self._params = params
        names = [*(self._cameras if params.each else ()), *([MOSAIC] if params.mosaic else ())]
        self._files = {name: RotatedVideo(folder, name, rotate_s) for name in names}
        self._newest: dict[str, CameraImage] = {}
        self._clock = clock
        self._forgets_again_s = clock() + FORGETS_EVERY_S

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        for file in self._files.values():
            file.close()

    def act(self) -> None:
        """Records what is new of all cameras."""
        self._desk.watch(self._cameras)
        try:
            self._record()
        except (OSError, av.FFmpegError) as error:
            logger.warning("videos of live cameras end here: %s", error)
            self.end()
        if self._clock() > self._forgets_again_s:
            self._forgets_again_s = self._clock() + FORGETS_EVERY_S
            self._book.forget()

    def _record(self) -> None:
        fresh = [shown for camera in self._cameras if (shown := self._desk.frame(camera, self.newest(camera)))]
        for shown in fresh:
            self._newest[shown.camera] = shown
            if self._params.each:
                self._files[shown.camera].write(captioned(shown, self._book), shown.time_s)
        if fresh and self._params.mosaic:
            images = [self._image_of(name) for name in self._cameras]
            self._files[MOSAIC].write(tile(images), max(shown.time_s for shown in fresh))

    def _image_of(self, camera: str) -> Image:
        """The newest frame, or nothing but the name."""
        shown = self._newest.get(camera)
        if shown is None:
            return caption(np.zeros((*CELL[::-1], 3), np.uint8), camera, "")
        return captioned(shown, self._book)

    def find(self, camera: str, time_s: float) -> Recorded | None:
        """The file of a camera that has a moment, or begins just behind it; from any thread."""
        file = self._files.get(camera) if self._params.each else None
        return None if file is None else file.find(time_s)

    def newest(self, camera: str) -> str:
        """Name of the frame of a camera that was written last; empty: none was."""
        return self._newest[camera].name if camera in self._newest else ""


def captioned(shown: CameraImage, book: Book) -> Image:
    """A frame with boxes, names, its camera and the time."""
    when = datetime.fromtimestamp(shown.time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return caption(drawn(shown, book), shown.camera, when)


@dataclass(slots=True)
class _Span:
    """From when to when a file is."""

    path: Path
    start_s: float
    end_s: float


class RotatedVideo:
    """One camera's files, one after the other, each with its frames at their own times."""

    def __init__(self, folder: Path, name: str, rotate_s: float) -> None:
        self._folder = folder
        self._name = name
        self._rotate_s = rotate_s
        self._file: _VideoFile | None = None
        self._spans: deque[_Span] = deque(maxlen=MOST_FILES)

    def find(self, time_s: float) -> Recorded | None:
        """The file that has a moment, or begins just behind it; from any thread."""
        span = next((each for each in reversed(self._spans.copy()) if each.start_s - NEAR_S <= time_s), None)
        if span is None or time_s > span.end_s + NEAR_S:
            return None
        path = span.path if span.path.is_file() else partial_of(span.path)
        return Recorded(path, span.start_s) if path.is_file() else None

    def write(self, image: Image, time_s: float) -> None:
        """Adds a frame; one that is not after the last is left out."""
        if self._file is not None and time_s - self._file.start_s >= self._rotate_s:
            self.close()
        if self._file is None:
            when = datetime.fromtimestamp(time_s, UTC).strftime("%Y%m%dT%H%M%SZ")
            path = self._folder / f"{self._name}-{when}.mp4"
            self._file = _VideoFile(path, image.shape[1], image.shape[0], time_s)
            self._spans.append(_Span(path, time_s, time_s))
        self._file.write(image, time_s)
        self._spans[-1].end_s = max(self._spans[-1].end_s, time_s)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _VideoFile:
    """H.264 in MP4, playable up to where it was written even if nobody closes it."""

    def __init__(self, path: Path, width: int, height: int, start_s: float) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.start_s = start_s
        self._path = path
        self._size = max(2, width - width % 2), max(2, height - height % 2)
        self._container = av.open(str(partial_of(path)), "w", format="mp4", options=PLAYABLE)
        self._stream = self._container.add_stream("libx264", rate=30, options=LIVE)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, TICKS)
        self._last = -1

    def write(self, image: Image, time_s: float) -> None:
        ticks = round((time_s - self.start_s) * TICKS)
        if ticks <= self._last:
            return
        self._last = ticks
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame = frame.reformat(*self._size, "yuv420p")
        frame.pts, frame.time_base = ticks, Fraction(1, TICKS)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()
        partial_of(self._path).replace(self._path)
