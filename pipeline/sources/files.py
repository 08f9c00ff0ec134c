"""Recordings: video files. Nothing of them is ever dropped but what cannot be decoded, and that is counted."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pipeline.records import Frame
from pipeline.sources.announced import announced_bytes
from pipeline.sources.decoding import DecodedImage, Video
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.source import (
    DropCause,
    FrameDropped,
    SourceChanged,
    SourceObserver,
    SourceState,
    check_rate,
    report,
)
from pipeline.sources.times import Timed, Timeline

logger = logging.getLogger(__name__)

# Where the container does not say; the rate of European cameras.
_USUAL_RATE = 25.0


@dataclass(frozen=True, slots=True, eq=False)
class _Numbered:
    index: int
    decoded: DecodedImage


class FileSource:
    """A video file. A `FrameSource`.

    The first frame is at `starts_at_s`, the others by the container's times as `Timeline` settles them, or by
    `frame_rate` where the container's are wrong. A packet that cannot be decoded is a gap in the frames' numbers, and
    counted as dropped; damage is no error, only a file that ends before its container says so is.
    """

    def __init__(
        self,
        camera: str,
        path: Path,
        *,
        starts_at_s: float = 0.0,
        frame_rate: float | None = None,
        observers: Sequence[SourceObserver] = (),
    ) -> None:
        """Opens nothing yet.

        Args:
            camera: its name.
            path: the file.
            starts_at_s: time of the first frame, seconds since the epoch.
            frame_rate: true frames per second, if the container's times are not to be believed.
            observers: are told when it is opened, and of what cannot be decoded.

        Raises:
            ValueError: if the frame rate is not positive.
        """
        check_rate(camera, frame_rate)
        self._camera = camera
        self._path = path
        self._starts_at_s = starts_at_s
        self._frame_rate = frame_rate
        self._observers = observers
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
            report(self._observers, SourceChanged(self._camera, SourceState.STREAMING))
            timeline: Timeline[_Numbered] = Timeline(
                self._name, self._camera, self._starts_at_s, 1 / (video.frame_rate or _USUAL_RATE)
            )
            count = 0
            for settled in timeline.settle(self._timed(video)):
                if self._closed.is_set():
                    return
                count += 1
                index = settled.item.index
                time_s = settled.time_s if self._frame_rate is None else self._starts_at_s + index / self._frame_rate
                yield Frame(self._camera, index, time_s, "container", settled.item.decoded.image)
            self._report_damage(video, timeline.outliers)
            self._check_whole(count)

    def close(self) -> None:
        self._closed.set()

    def _timed(self, video: Video) -> Iterator[Timed[_Numbered]]:
        index = skipped = 0
        for decoded in video.decoded_images():
            for _ in range(video.undecodable - skipped):
                report(self._observers, FrameDropped(self._camera, DropCause.CORRUPT))
            index += video.undecodable - skipped
            skipped = video.undecodable
            # With a rate of its own, what the container says is not even looked at.
            time_s = decoded.time_s if self._frame_rate is None else None
            yield Timed(_Numbered(index, decoded), time_s, decoded.lasts_s)
            index += 1

    def _open(self) -> Video:
        return open_recording(self._name, self._path)

    @property
    def _name(self) -> str:
        return f"camera {self._camera}: {self._path}"

    def _report_damage(self, video: Video, outliers: int) -> None:
        found = {
            "packets could not be decoded": video.undecodable,
            "packets came damaged": video.damaged,
            "frames had wrong timestamps": outliers,
        }
        if damage := ", ".join(f"{count} {what}" for what, count in found.items() if count):
            logger.warning("%s: read to its end; %s", self._name, damage, extra={"camera": self._camera})

    def _check_whole(self, count: int) -> None:
        if count == 0:
            raise SourceError(ErrorCode.CORRUPT, f"{self._name}: no frame of it can be decoded")
        announced, size = announced_bytes(self._path), self._path.stat().st_size
        if announced is not None and announced > size:
            raise SourceError(
                ErrorCode.CORRUPT,
                f"{self._name}: cut off after {count} frames, {size} of {announced} bytes; they were read, the rest is "
                "missing",
            )


def open_recording(name: str, path: Path) -> Video:
    """A video file, opened.

    Args:
        name: what errors call it.

    Raises:
        SourceError: if there is none that can be opened.
    """
    if not path.is_file():
        found = "another thing" if path.exists() else "no such file"
        raise SourceError(ErrorCode.NOT_FOUND, f"{name}: expected a video file, found {found}")
    if path.stat().st_size == 0:
        raise SourceError(ErrorCode.CORRUPT, f"{name}: expected a video file, found an empty one")
    # `file:`, or a colon in the name would be read as a protocol; the list, or a playlist could fetch addresses.
    return Video(f"file:{path}", name, options={"protocol_whitelist": "file"})
