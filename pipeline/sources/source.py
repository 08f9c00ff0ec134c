"""Where frames come from: the socket of every source, and what it tells about itself."""

import hashlib
import re
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

from pipeline.records import Frame
from pipeline.sources.errors import ErrorCode

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WEBCAM = re.compile(r"/dev/video\d+")
_END_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class StreamParams:
    """How a live stream is read.

    Attributes:
        transport: of RTSP; udp loses packets where tcp waits, and saves the camera some work.
        open_timeout_s: limit for connecting, and again for the first look at the stream; then it is tried again.
        read_timeout_s: limit for the wait for the next frame; a stream that is silent this long is opened again.
        verify_tls: of https and rtsps: talk to nobody, and tell nobody the password, without a certificate that is
            trusted and bears the host's name.
        ca_file: PEM file of the certificates that are trusted; those of the system if not given. For a camera that
            signed its own, that one.
    """

    transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    verify_tls: bool = True
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        if min(self.open_timeout_s, self.read_timeout_s) <= 0:
            raise ValueError(
                "expected open_timeout_s and read_timeout_s above 0, "
                f"found {self.open_timeout_s} and {self.read_timeout_s}"
            )


class FrameSource(Protocol):
    """One camera's frames in order of time, which strictly increases.

    Iterate once, from one thread. The iteration ends when the stream has ended or the source was closed; a live source
    reconnects inside and does not end by itself.

    Raises:
        SourceError: from the iteration, when no more frames can be had, the stream has not ended, and waiting will not
            mend it.
    """

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Ends the iteration promptly. From any thread, at any time, any number of times."""
        ...


class RecordedSource(FrameSource, Protocol):
    """The frames of a recording."""

    def length(self) -> int | None:
        """Number of frames; None where the container does not say.

        Raises:
            SourceError: if there is no such recording, or it is none.
        """
        ...


class ChunkSource(Protocol):
    """One camera's frames, one or a few at a time; otherwise a `FrameSource`."""

    def __iter__(self) -> Iterator[list[Frame]]: ...

    def close(self) -> None:
        """As `FrameSource.close`; of a chunk that was begun the rest may still come."""
        ...


class SourceState(StrEnum):
    """What a source is doing. RETRYING is a wait before the next CONNECTING. FAILED and ENDED are final: who runs the
    camera says so, for a source only knows its own end.
    """

    CONNECTING = "connecting"
    STREAMING = "streaming"
    RETRYING = "retrying"
    FAILED = "failed"
    ENDED = "ended"


class DropCause(StrEnum):
    """Why a frame was dropped. LATE: a newer one came first. RATE: more per second than wanted. CLOCK: its time is not
    after the time of the frame before. CORRUPT: it could not be decoded, or damage
    smears it. MISSED: it never came, because a playlist did not list it any more.
    """

    LATE = "late"
    RATE = "rate"
    CLOCK = "clock"
    CORRUPT = "corrupt"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """A source is in another state; with RETRYING and FAILED comes the reason. Each RETRYING is one reconnect."""

    camera: str
    state: SourceState
    error: ErrorCode | None = None


@dataclass(frozen=True, slots=True)
class FrameDropped:
    """One frame was dropped."""

    camera: str
    cause: DropCause


@dataclass(frozen=True, slots=True)
class CameraLook:
    """What one look at a camera saw, before anything runs on it.

    Attributes:
        kind: how it comes, and the codec, such as `h264, rtsp over tcp`.
        width, height: of the image as the detector gets it, pixels.
        frame_rate: frames per second: of a live stream as they came, of a recording as its container says; None where
            that cannot be told.
        first_image_s: from the beginning of the look to the first image, seconds.
        frames: of a recording, where the container says; None of a live stream.
        lasts_s: of a recording, likewise.
    """

    kind: str
    width: int
    height: int
    frame_rate: float | None
    first_image_s: float
    frames: int | None = None
    lasts_s: float | None = None


SourceObserver = Callable[[SourceChanged | FrameDropped], None]
"""Called from the threads of the source: quick, and safe among threads."""


def report(observers: Iterable[SourceObserver], what: SourceChanged | FrameDropped) -> None:
    for observer in observers:
        observer(what)


def kind_of(url: str) -> Literal["file", "folder", "stream"]:
    """What an address names: anything with a scheme, or a webcam, is a stream; a folder is one if it is there."""
    if _URL.match(url) or _WEBCAM.fullmatch(url):
        return "stream"
    return "folder" if Path(url).is_dir() else "file"


def name_session(address: str) -> str:
    """Names one start of a camera: by its content for a recording, so that it is the same every time; else drawn.

    Raises:
        OSError: if a recording cannot be read.
    """
    if kind_of(address) == "stream":
        return f"{int(time.time()):x}{uuid.uuid4().hex[:4]}"
    return recording_id(Path(address))


def recording_id(path: Path) -> str:
    """12 hex digits that name the content of a file, or of a folder's files: the same at every start.

    Cheap, not proof against forgery: sizes, names within a folder, and 64 KiB from both ends of the first and the last
    file.

    Raises:
        OSError: if it cannot be read.
    """
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name if path.is_dir() else ''}\0{file.stat().st_size}\0".encode())
    for file in files[:1] + files[1:][-1:]:
        digest.update(_both_ends(file))
    return digest.hexdigest()[:12]


def _both_ends(file: Path) -> bytes:
    with file.open("rb") as content:
        first = content.read(_END_BYTES)
        content.seek(max(_END_BYTES, file.stat().st_size - _END_BYTES))
        return first + content.read(_END_BYTES)


def check_rate(camera: str, frame_rate: float | None) -> None:
    """Raises ValueError for a frame rate that is none."""
    if frame_rate is not None and not frame_rate > 0:
        raise ValueError(f"camera {camera}: frame_rate must be more than 0 frames per second, found {frame_rate}")
