"""Recordings: video files and folders of images. Nothing of them is ever dropped."""

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pipeline.records import Frame
from pipeline.sources.decoding import IMAGE_SUFFIXES, RgbConverter, Video, decode_image
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import SourceListener, SourceState, Unheard

# Where the container does not say; the rate of European cameras.
_USUAL_RATE = 25.0
# Times in a container that go back further than this begin anew (joined recordings); less is a fault of one frame.
_JUMP_S = 1.0
_NUDGE_S = 1e-3
# A recording may end this much before the announced end: the last frame's own duration, and rounding.
_END_SLACK_S = 2.0


class FileSource:
    """A video file. A `FrameSource`.

    The first frame is at `starts_at_s`, the others by the container's times, or by `frame_rate` where the container's
    are wrong. Times strictly increase: see `ContainerTimes`.
    """

    def __init__(
        self,
        camera: str,
        path: Path,
        *,
        starts_at_s: float = 0.0,
        frame_rate: float | None = None,
        listener: SourceListener | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            camera: its name.
            path: the file.
            starts_at_s: time of the first frame, seconds since the epoch.
            frame_rate: true frames per second, if the container's times are not to be believed.
            listener: hears when it is opened.

        Raises:
            ValueError: if the frame rate is not positive.
        """
        _check_rate(camera, frame_rate)
        self._camera = camera
        self._path = path
        self._starts_at_s = starts_at_s
        self._frame_rate = frame_rate
        self._listener = listener or Unheard()
        self._closed = threading.Event()

    def length(self) -> int | None:
        """Number of frames as the container says, for a progress bar; None if it does not say.

        Raises:
            SourceError: if the file cannot be opened.
        """
        with closing(self._open()) as video:
            return video.length

    def __iter__(self) -> Iterator[Frame]:
        with closing(self._open()) as video:
            self._listener.entered(self._camera, SourceState.STREAMING, None)
            times = ContainerTimes(self._starts_at_s, 1 / (video.frame_rate or _USUAL_RATE))
            count = 0
            for picture in video.pictures():
                if self._closed.is_set():
                    return
                time_s = times.following(picture.time_s) if self._frame_rate is None else self._even_time_s(count)
                yield Frame(self._camera, count, time_s, "container", picture.image)
                count += 1
            self._check_whole(video, count)

    def close(self) -> None:
        self._closed.set()

    def _open(self) -> Video:
        if not self._path.is_file():
            found = "a folder" if self._path.is_dir() else "no such file"
            raise SourceError(ErrorCode.NOT_FOUND, f"{self._name}: expected a video file, found {found}")
        if self._path.stat().st_size == 0:
            raise SourceError(ErrorCode.CORRUPT, f"{self._name}: expected a video file, found an empty one")
        # `file:`, or a colon in the name would be read as a protocol; the list, or a playlist could fetch addresses.
        return Video(f"file:{self._path}", self._name, options={"protocol_whitelist": "file"})

    @property
    def _name(self) -> str:
        return f"camera {self._camera}: {self._path}"

    def _even_time_s(self, count: int) -> float:
        return self._starts_at_s + count / (self._frame_rate or _USUAL_RATE)

    def _check_whole(self, video: Video, count: int) -> None:
        if count == 0:
            raise SourceError(ErrorCode.CORRUPT, f"{self._name}: no frame of it can be decoded")
        if self._is_cut_off(video):
            raise SourceError(
                ErrorCode.CORRUPT, f"{self._name}: cut off after {count} frames; they were read, the rest is missing"
            )
        if video.undecodable:
            raise SourceError(
                ErrorCode.CORRUPT,
                f"{self._name}: damaged, {video.undecodable} packets were skipped, {count} frames read",
            )

    def _is_cut_off(self, video: Video) -> bool:
        missing_s = video.missing_s() if video.is_alone else None
        return (
            video.is_cut_off
            or video.index_end() > self._path.stat().st_size
            or (missing_s is not None and missing_s > _END_SLACK_S)
        )


class ContainerTimes:
    """Turns a container's times into times that strictly increase.

    A frame without a time comes one frame after the one before. A frame that repeats a time, or is up to 1 s before its
    predecessor, comes 1 ms after it, so that the frames behind it keep their times. Where the times go back further,
    recordings were joined: the frame comes one frame after the one before, and all behind it move along.
    """

    def __init__(self, starts_at_s: float, step_s: float) -> None:
        """Begins.

        Args:
            starts_at_s: time of the first frame.
            step_s: time from frame to frame where the container is silent.
        """
        self._starts_at_s = starts_at_s
        self._step_s = step_s
        self._shift_s: float | None = None
        self._last_s: float | None = None

    def following(self, container_s: float | None) -> float:
        """Time of the next frame; `container_s` is what the container says of it."""
        self._last_s = self._next(container_s)
        return self._last_s

    def _next(self, container_s: float | None) -> float:
        expected_s = self._starts_at_s if self._last_s is None else self._last_s + self._step_s
        if container_s is None:
            return expected_s
        if self._shift_s is None:
            self._shift_s = expected_s - container_s
        time_s = container_s + self._shift_s
        if self._last_s is None or time_s > self._last_s:
            return time_s
        if self._last_s - time_s <= _JUMP_S:
            return self._last_s + _NUDGE_S
        self._shift_s = expected_s - container_s
        return expected_s


class FolderSource:
    """A folder of JPEG and PNG images, in the order of the numbers in their names. A `FrameSource`."""

    def __init__(
        self,
        camera: str,
        folder: Path,
        *,
        frame_rate: float,
        starts_at_s: float = 0.0,
        listener: SourceListener | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            camera: its name.
            folder: where the images lie; files of other kinds are passed over.
            frame_rate: images per second.
            starts_at_s: time of the first image, seconds since the epoch.
            listener: hears when it is opened.

        Raises:
            ValueError: if the frame rate is not positive.
        """
        _check_rate(camera, frame_rate)
        self._camera = camera
        self._folder = folder
        self._frame_rate = frame_rate
        self._starts_at_s = starts_at_s
        self._listener = listener or Unheard()
        self._closed = threading.Event()

    def length(self) -> int:
        """Number of images.

        Raises:
            SourceError: if there is no such folder, or no image in it.
        """
        return len(self._images())

    def __iter__(self) -> Iterator[Frame]:
        to_rgb = RgbConverter()
        images = self._images()
        self._listener.entered(self._camera, SourceState.STREAMING, None)
        for index, path in enumerate(images):
            if self._closed.is_set():
                return
            time_s = self._starts_at_s + index / self._frame_rate
            yield Frame(self._camera, index, time_s, "container", decode_image(path, to_rgb))

    def close(self) -> None:
        self._closed.set()

    def _images(self) -> list[Path]:
        name = f"camera {self._camera}: {self._folder}"
        if not self._folder.is_dir():
            raise SourceError(ErrorCode.NOT_FOUND, f"{name}: expected a folder of images, found no such folder")
        images = [path for path in self._folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
        if not images:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            raise SourceError(ErrorCode.NOT_FOUND, f"{name}: expected images ({kinds}), found none")
        return sorted(images, key=_natural)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Key that puts img2 before img10."""
    return [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in re.split(r"(\d+)", path.name) if piece
    ] + [(2, 0, path.name)]


def _check_rate(camera: str, frame_rate: float | None) -> None:
    if frame_rate is not None and not frame_rate > 0:
        raise ValueError(f"camera {camera}: frame_rate must be more than 0 frames per second, found {frame_rate}")
