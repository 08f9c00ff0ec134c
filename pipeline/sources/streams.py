"""Live cameras: RTSP, HTTP and HLS, webcams; reconnects inside, and never hangs.

FFmpeg's own time-outs interrupt connecting and reading, but not everything (not the look-up of a host name, not a
webcam's driver). So FFmpeg runs in a thread of its own, and whoever iterates or closes waits for a slot, with a limit,
never for FFmpeg. A thread that was left behind ends at FFmpeg's time-out.
"""

import logging
import re
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from random import Random
from urllib.parse import urlsplit

from pipeline.records import Frame
from pipeline.sources.backoff import Retry, longest_wait_s, wait_s
from pipeline.sources.decoding import DecodedImage, Video
from pipeline.sources.errors import ErrorCode, SourceError, redact
from pipeline.sources.live_clock import LiveClock
from pipeline.sources.lumps import LumpyVideo
from pipeline.sources.slot import Slot
from pipeline.sources.source import (
    DropCause,
    FrameDropped,
    SourceChanged,
    SourceObserver,
    SourceState,
    StreamParams,
    report,
)

logger = logging.getLogger(__name__)

_SCHEMES = ("rtsp", "rtsps", "http", "https")
_WEBCAM = re.compile(r"/dev/video\d+")
_WEBCAM_FORMAT = "v4l2"
# What has a known length (a recording that a server plays) may stop this much before it and be complete.
_END_SLACK_S = 5.0
# FFmpeg waits for packets so many times as long as we do for the next frame: an HLS server has nothing new while a
# segment plays, but frames of the last one are still to be shown.
_SEGMENTS = 3
# Threads that FFmpeg did not give back; more, and a camera behind a dead name server would eat the process.
_MOST_LEFT_BEHIND = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival:
    """An image, when it came, and how many of its connection were damaged so far, and how many never came."""

    decoded: DecodedImage
    arrived_s: float
    damaged: int
    missed: int


class StreamSource:
    """One live camera. A `FrameSource`; use it behind `DropOldest`, or a slow consumer sees the past.

    It reconnects for as long as it takes, also to who refuses a password or does not know the stream: after a power cut
    a server may be there before its cameras. It raises only what nobody mends by waiting: a device that is not there,
    or video without a decoder, of a camera that has not given a frame yet.

    Times are the sender's wall clock where RTCP gives it and it lies within 5 s of ours (10 s once it did), else ours
    at the arrival; each frame says which. Sender reports come seconds after the first frame, and the clocks differ by
    the way of the decoded: a frame whose time is not after the one before is dropped and counted.

    Images that are damaged by lost packets are dropped and counted, and so is what is predicted from them: the next
    frame is a whole key frame. Without one for as long as the time-out of reading, it connects again.

    Frames change size when the camera changes its resolution. Their index goes on over reconnects, and skips what was
    dropped.
    """

    def __init__(
        self,
        camera: str,
        url: str,
        params: StreamParams | None = None,
        *,
        random: Random,
        retry: Retry | None = None,
        observers: Sequence[SourceObserver] = (),
    ) -> None:
        """Opens nothing yet.

        Args:
            camera: its name.
            url: rtsp, rtsps, http or https, with user and password if need be, or /dev/videoN.
            params: how it is read.
            random: for the jitter of the waits.
            retry: when to try again.
            observers: are told of states and drops.

        Raises:
            ValueError: if the address is none of these.
        """
        self._camera = camera
        self._url = url
        self._name = f"camera {camera}: {redact(url)}"
        self._params = params or StreamParams()
        self._format, _ = _how_to_open(url, self._params)
        self._retry = retry or Retry()
        self._random = random
        self._observers = observers
        self._clock = LiveClock(camera)
        self._closed = threading.Event()
        self._slot: Slot[_Arrival] = Slot()
        self._lock = threading.Lock()
        self._readers: list[threading.Thread] = []
        self._index = 0

    def __iter__(self) -> Iterator[Frame]:
        failures = 0
        while not self._closed.is_set():
            connected_s = last_frame_s = time.monotonic()
            error = None
            try:
                for frame in self._connection():
                    last_frame_s = time.monotonic()
                    yield frame
            except SourceError as failure:
                error = failure
            if error is None:
                return
            if not self._may_heal(error):
                raise error
            failures = 1 if last_frame_s - connected_s >= self._retry.longest_wait_s else failures + 1
            self._wait(error, failures)

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            self._slot.close()

    def _connection(self) -> Iterator[Frame]:
        """The frames of one connection; ends if the source was closed, or what it plays has an end and came to it."""
        slot = self._new_slot()
        self._clock.connect()
        self._enter(SourceState.CONNECTING)
        opened: list[Video] = []
        self._start_reader(slot, opened)
        counted = missed = 0
        try:
            arrival = self._take(slot, 2 * self._params.open_timeout_s + self._params.read_timeout_s)
            if arrival is not None:
                self._enter(SourceState.STREAMING)
            while arrival is not None:
                self._drop(DropCause.CORRUPT, arrival.damaged - counted)
                self._drop(DropCause.MISSED, arrival.missed - missed)
                counted, missed = arrival.damaged, arrival.missed
                frame = self._frame(arrival)
                if frame is not None:
                    yield frame
                arrival = self._take(slot, self._params.read_timeout_s)
        finally:
            slot.close()
            self._drop(DropCause.CORRUPT, sum(video.undecodable for video in opened) - counted)

    def _new_slot(self) -> Slot[_Arrival]:
        with self._lock:
            self._slot = Slot()
            if self._closed.is_set():
                self._slot.close()
            return self._slot

    def _start_reader(self, slot: Slot[_Arrival], opened: list[Video]) -> None:
        self._readers = [reader for reader in self._readers if reader.is_alive()]
        if len(self._readers) >= _MOST_LEFT_BEHIND:
            raise SourceError(ErrorCode.TIMEOUT, f"{self._name}: {len(self._readers)} earlier connections still hang")
        reader = threading.Thread(target=self._read, args=(slot, opened), name=f"read {self._camera}", daemon=True)
        self._readers.append(reader)
        reader.start()

    def _read(self, slot: Slot[_Arrival], opened: list[Video]) -> None:
        """The thread: hands images over until nobody takes them, and says how it ended."""
        try:
            with closing(self._open()) as video:
                opened.append(video)
                if not self._hand_over(video, slot):
                    return
                missing_s = video.missing_s()
            has_ended = missing_s is not None and missing_s <= _END_SLACK_S
            slot.finish(None if has_ended else SourceError(ErrorCode.CLOSED, f"{self._name}: the stream broke off"))
        except BaseException as error:  # noqa: BLE001 (the one who takes raises it)
            slot.finish(error)

    def _hand_over(self, video: Video, slot: Slot[_Arrival]) -> bool:
        """Hands images over to the end; returns whether somebody took them all."""
        # Never held so long that the one who takes would give the camera up.
        lumpy = LumpyVideo(video, self._params.read_timeout_s / 2) if video.comes_in_lumps else None
        with closing(video.decoded_images() if lumpy is None else lumpy.images()) as images:
            for decoded in images:
                missed = 0 if lumpy is None else lumpy.missed
                if not slot.put(_Arrival(decoded, self._clock.now_s(), video.undecodable, missed)):
                    return False
        return True

    def _open(self) -> Video:
        return open_stream(self._camera, self._url, self._params)

    def _take(self, slot: Slot[_Arrival], limit_s: float) -> _Arrival | None:
        try:
            return slot.take(limit_s)
        except TimeoutError:
            raise SourceError(ErrorCode.TIMEOUT, f"{self._name}: no frame within {limit_s:g} s") from None

    def _frame(self, arrival: _Arrival) -> Frame | None:
        """The next frame; None if its time does not go forward."""
        stamp = self._clock.stamp(arrival.decoded.sent_s, arrival.arrived_s)
        if stamp is None:
            self._drop(DropCause.CLOCK, 1)
            return None
        time_s, clock = stamp
        self._index += 1
        return Frame(self._camera, self._index - 1, time_s, clock, arrival.decoded.image)

    def _drop(self, cause: DropCause, count: int) -> None:
        self._index += count
        for _ in range(count):
            report(self._observers, FrameDropped(self._camera, cause))

    def _may_heal(self, error: SourceError) -> bool:
        """Whether trying again may help. Who has given frames once is unplugged or set up anew, and comes back."""
        is_missing_device = self._format == _WEBCAM_FORMAT and error.code is ErrorCode.NOT_FOUND
        return self._index > 0 or not (is_missing_device or error.code is ErrorCode.CODEC)

    def _wait(self, error: SourceError, failures: int) -> None:
        if error.code is ErrorCode.AUTH:
            pause_s = longest_wait_s(self._retry, self._random)
        else:
            pause_s = wait_s(self._retry, failures, self._random)
        logger.warning("%s; trying again in %.1f s", error, pause_s, extra={"camera": self._camera})
        self._enter(SourceState.RETRYING, error.code)
        self._closed.wait(pause_s)

    def _enter(self, state: SourceState, error: ErrorCode | None = None) -> None:
        logger.debug("camera %s: %s", self._camera, state, extra={"camera": self._camera})
        report(self._observers, SourceChanged(self._camera, state, error))


def open_stream(camera: str, url: str, params: StreamParams) -> Video:
    """Connects once.

    Raises:
        ValueError: if the address is none that a stream can have.
        SourceError: if it cannot be opened.
    """
    container_format, options = _how_to_open(url, params)
    return Video(
        url,
        f"camera {camera}: {redact(url)}",
        container_format=container_format,
        options=options,
        open_timeout_s=params.open_timeout_s,
        read_timeout_s=_SEGMENTS * params.read_timeout_s,
        whole_only=True,
    )


def transport_of(url: str, params: StreamParams) -> str:
    """How a stream is carried, such as `rtsp over udp`."""
    if _WEBCAM.fullmatch(url):
        return _WEBCAM_FORMAT
    scheme = urlsplit(url).scheme
    return f"{scheme} over {params.transport}" if scheme.startswith("rtsp") else scheme


def _how_to_open(url: str, params: StreamParams) -> tuple[str | None, dict[str, str]]:
    """FFmpeg's name of the format, where it must be said, and its options."""
    if _WEBCAM.fullmatch(url):
        return _WEBCAM_FORMAT, {}
    try:
        split = urlsplit(url)
        is_known = split.scheme in _SCHEMES and bool(split.hostname) and split.port != 0
    except ValueError:
        is_known = False
    if not is_known:
        raise ValueError(
            f"expected {', '.join(f'{scheme}://host' for scheme in _SCHEMES)} or /dev/videoN, found {redact(url)}: "
            "is a character of the password to be escaped (%40 for @)?"
        )
    # Counting frames to guess the rate would hold back the first second of the stream; nobody asks for the rate.
    options = {"fpsprobesize": "0"} | _tls_options(params)
    if split.scheme.startswith("rtsp"):
        return None, options | {"rtsp_transport": params.transport}
    # A playlist from outside names further addresses: never a file of this machine.
    return None, options | {"protocol_whitelist": "http,https,tls,tcp,crypto,data"}


def _tls_options(params: StreamParams) -> dict[str, str]:
    """Also for who begins without TLS, because a server may lead on to it."""
    if not params.verify_tls:
        return {"tls_verify": "0"}
    trusted = params.ca_file or ssl.get_default_verify_paths().cafile
    return {"tls_verify": "1"} | ({"ca_file": str(trusted)} if trusted else {})
