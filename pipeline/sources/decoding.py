"""Opens videos and decodes images: the only module that knows FFmpeg."""

import errno
import struct
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar, cast

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from pipeline.records import Image
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.exif import orientation, stand_upright

Result = TypeVar("Result")
VideoPacket: TypeAlias = "Packet[VideoStream]"

# The first member of FFmpeg's AVProducerReferenceTime: wall clock, microseconds since the epoch.
_WALL_CLOCK_US = struct.Struct("=q")
IMAGE_SUFFIXES = frozenset((".jpg", ".jpeg", ".png"))
_IMAGE_CODECS = {b"\xff\xd8\xff": "mjpeg", b"\x89PNG\r\n\x1a\n": "png"}
"""By the first bytes of a file: names lie."""
# Pixels of another shape than 1:1 by less than this are left as they are; beyond the second the shape is no camera's.
_SQUARE_WITHIN = 0.02
_LONGEST_PIXEL = 4.0
_DISPLAY_MATRIX = struct.Struct("=9i")
_UNDECODABLE = (av.FFmpegError, ValueError, OverflowError, MemoryError)
"""What FFmpeg and its binding raise over bytes that make no image, of whatever kind the damage is."""

_MEANINGS: tuple[tuple[type[av.FFmpegError], ErrorCode, str], ...] = (
    (
        av.error.HTTPUnauthorizedError,
        ErrorCode.AUTH,
        "user or password refused (401); write its @, /, % as %40, %2F, %25",
    ),
    (av.error.HTTPForbiddenError, ErrorCode.AUTH, "access refused (403)"),
    (av.error.HTTPNotFoundError, ErrorCode.NOT_FOUND, "the server knows no such stream (404)"),
    (av.error.FileNotFoundError, ErrorCode.NOT_FOUND, "not found"),
    (av.error.ConnectionRefusedError, ErrorCode.REFUSED, "connection refused"),
    (av.error.TimeoutError, ErrorCode.TIMEOUT, "nothing came within the time-out"),
    (av.error.ConnectionResetError, ErrorCode.CLOSED, "the other side closed the connection"),
    (av.error.BrokenPipeError, ErrorCode.CLOSED, "the other side closed the connection"),
    (av.error.DecoderNotFoundError, ErrorCode.CODEC, "no decoder for its video"),
    (av.error.InvalidDataError, ErrorCode.CORRUPT, "no video that can be read"),
)


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """One decoded image.

    Attributes:
        image: (H, W, 3) uint8 RGB, contiguous, with square pixels and upright as a player shows it.
        time_s: the container's presentation time in seconds; None where it has none.
        lasts_s: how long it is shown, seconds; None where the container does not say.
        sent_s: the sender's wall clock at capture, seconds since the epoch; None where RTCP has not told it.
    """

    image: Image
    time_s: float | None
    lasts_s: float | None
    sent_s: float | None


class Video:
    """The best video stream of an open container. For one thread.

    Attributes:
        undecodable: packets that could not be decoded since the first key frame. (Before it they are usual: a recording
            or a connection may begin between two.) With `whole_only` also images that damage smears.
        damaged: packets that the container knows to be incomplete, decodable or not.
    """

    def __init__(
        self,
        address: str,
        name: str,
        *,
        container_format: str | None = None,
        options: Mapping[str, str] | None = None,
        open_timeout_s: float | None = None,
        read_timeout_s: float | None = None,
        whole_only: bool = False,
    ) -> None:
        """Opens it.

        Images are decoded on the calling thread (slices may use more): frame threads would hold back one live image
        per core, and take half as much of the cores again, which cameras share. FFmpeg does not notice that a slice is
        missing while slices have threads, so with `whole_only` they have none.

        Args:
            address: what FFmpeg opens; it may hold a password.
            name: what errors call it; it must not.
            container_format: FFmpeg's name of the format, where the content does not tell.
            options: FFmpeg's, for the format and its protocol.
            open_timeout_s: interrupts connecting, and then the first look at the content.
            read_timeout_s: interrupts the wait for one packet.
            whole_only: leave out damaged images, and those that are predicted from them, to the next whole key frame.

        Raises:
            SourceError: if it cannot be opened, or holds no video that can be decoded.
        """
        self.undecodable = 0
        self.damaged = 0
        self._name = name
        self._read_timeout_s = read_timeout_s
        self._has_begun = False
        self._whole_only = whole_only
        self._is_smeared = False
        self._sent_minus_pts_s: float | None = None
        self._last_s: float | None = None
        self._to_rgb = RgbConverter()
        self._container: InputContainer = self._call(
            lambda: av.open(
                address,
                format=container_format,
                options=dict(options or {}),
                metadata_errors="replace",
                timeout=(open_timeout_s, read_timeout_s),
            ),
            open_timeout_s,
        )
        self._stream = self._best_stream()
        self._stream.thread_type = "SLICE"
        if whole_only:
            self._stream.codec_context.thread_count = 1

    @property
    def codec(self) -> str:
        """FFmpeg's name of how its images are coded, such as `h264`."""
        return self._stream.codec_context.codec.canonical_name

    @property
    def container(self) -> str:
        """FFmpeg's name of what its images lie in, such as `mov`."""
        return self._container.format.name.partition(",")[0]

    @property
    def frame_rate(self) -> float | None:
        """Frames per second on average, as the container says."""
        rate = self._stream.average_rate
        return float(rate) if rate else None

    @property
    def length(self) -> int | None:
        """Number of frames, as the container says or as its duration implies."""
        if self._stream.frames:
            return self._stream.frames
        if self.duration_s and self.frame_rate:
            return round(self.duration_s * self.frame_rate)
        return None

    @property
    def duration_s(self) -> float | None:
        """As the container says; None for what has no end."""
        duration = self._container.duration
        return duration / av.time_base if duration and duration > 0 else None

    @property
    def comes_in_lumps(self) -> bool:
        """Whether a server sends it faster than it plays: HLS by the segment, recordings as fast as can be."""
        return self._container.format.name == "hls" or self.duration_s is not None

    def decoded_images(self) -> Generator[DecodedImage]:
        """Decodes to the end.

        Raises:
            SourceError: if reading fails; undecodable packets are skipped and counted.
        """
        for packet in self.packets():
            yield from self.decode(packet)

    def packets(self) -> Iterator[VideoPacket]:
        """Reads to the end, for `decode`, which may run in another thread.

        Raises:
            SourceError: if reading fails.
        """
        packets = self._container.demux(self._stream)
        while (packet := self._call(lambda: next(packets, None), self._read_timeout_s)) is not None:
            yield packet

    def decode(self, packet: VideoPacket) -> list[DecodedImage]:
        """The images that it brings, often one; what cannot be decoded is skipped and counted."""
        self._note(packet)
        return self._decoded(packet)

    def missing_s(self) -> float | None:
        """How much of what was announced lies behind the last image; None where no length is known."""
        if self.duration_s is None or self._last_s is None:
            return None
        start_s = (self._container.start_time or 0) / av.time_base
        return start_s + self.duration_s - self._last_s

    def close(self) -> None:
        self._container.close()

    def _best_stream(self) -> VideoStream:
        stream = self._container.streams.best("video")
        if stream is None or stream.codec_context is None:
            self.close()
            found = "no video in it" if stream is None else "no decoder for its video"
            raise SourceError(ErrorCode.CODEC, f"{self._name}: {found}")
        return cast(VideoStream, stream)

    def _note(self, packet: VideoPacket) -> None:
        """Keeps what a packet says about the whole: damage, and what the sender's clock shows at pts 0."""
        self.damaged += packet.is_corrupt
        if packet.pts is not None and packet.has_sidedata("prft"):
            (wall_us,) = _WALL_CLOCK_US.unpack_from(bytes(packet.get_sidedata("prft")))
            self._sent_minus_pts_s = wall_us / 1e6 - float(packet.pts * packet.time_base)

    def _decoded(self, packet: VideoPacket) -> list[DecodedImage]:
        decoded_images = []
        try:
            for frame in packet.decode():
                if self._is_shown(frame, packet.is_corrupt):
                    decoded_images.append(self._decode(frame))
                else:
                    self.undecodable += 1
        except _UNDECODABLE:
            self.undecodable += self._has_begun or packet.is_keyframe
            self._is_smeared = True
        self._has_begun = self._has_begun or packet.is_keyframe or bool(decoded_images)
        return decoded_images

    def _is_shown(self, frame: VideoFrame, is_incomplete: bool) -> bool:
        """Whether to hand an image out. Damage lasts: what follows is predicted from it, up to a whole key frame."""
        if frame.is_corrupt or is_incomplete:
            self._is_smeared = True
        elif frame.key_frame:
            self._is_smeared = False
        return not (self._whole_only and self._is_smeared)

    def _decode(self, frame: VideoFrame) -> DecodedImage:
        time_s = frame.time if frame.pts is not None else None
        sent_s = None
        if time_s is not None:
            self._last_s = time_s
            sent_s = self._sent_minus_pts_s + time_s if self._sent_minus_pts_s is not None else None
        lasts_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else None
        return DecodedImage(self._to_rgb(frame, self._pixel_shape), time_s, lasts_s, sent_s)

    @property
    def _pixel_shape(self) -> float:
        return float(self._stream.sample_aspect_ratio or 1)

    def _call(self, action: Callable[[], Result], limit_s: float | None) -> Result:
        """Calls FFmpeg. Its exceptions show the address, so ours is raised when theirs is out of sight."""
        start_s = time.monotonic()
        try:
            return action()
        except av.FFmpegError as error:
            failure = _explained(error, self._name)
        # What was interrupted may call itself anything: RTSP says invalid data.
        if limit_s is not None and time.monotonic() - start_s >= limit_s:
            failure = SourceError(ErrorCode.TIMEOUT, f"{self._name}: nothing came within {limit_s:g} s")
        raise failure


class RgbConverter:
    """Converts frames to RGB arrays by FFmpeg's scaler, one for all frames, so that it keeps its tables.

    One thread, because cameras share the cores: more threads save time and cost work (benchmarks/speed/decode.py).
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame, pixel_shape: float = 1.0) -> Image:
        """(H, W, 3) uint8 RGB, contiguous, as a player shows it: with square pixels, turned by the nearest multiple of
        90 degrees, and mirrored where the container says so.

        Args:
            frame: to convert.
            pixel_shape: width of its pixels by their height.

        Raises:
            FFmpegError, ValueError: if the frame cannot be converted.
        """
        return np.ascontiguousarray(_upright(self.convert(frame, pixel_shape), frame))

    def convert(self, frame: VideoFrame, pixel_shape: float = 1.0) -> Image:
        """The same as its rows lie."""
        width, height = _square(frame.width, frame.height, pixel_shape)
        return cast(Image, self._reformatter.reformat(frame, width, height, "rgb24", threads=1).to_ndarray())


def _square(width: int, height: int, pixel_shape: float) -> tuple[int, int]:
    """The size with square pixels; the side that is too short grows, so that nothing is lost."""
    if abs(pixel_shape - 1) <= _SQUARE_WITHIN or not 1 / _LONGEST_PIXEL <= pixel_shape <= _LONGEST_PIXEL:
        return width, height
    return max(width, round(width * pixel_shape)), max(height, round(height / pixel_shape))


def _upright(image: Image, frame: VideoFrame) -> Image:
    """The image by the frame's display matrix, which takes (x, y) to (ax + cy, bx + dy)."""
    try:
        # Its stubs have the container of side data for a mapping of strings.
        matrix = cast(SideData | None, frame.side_data.get("DISPLAYMATRIX"))
    except ValueError:
        # PyAV 18.1 gives no side data at all where there is a kind that it does not know, such as EXIF.
        return np.rot90(image, round(frame.rotation / 90))
    if matrix is None:
        return image
    a, b, _, c, d, *_ = _DISPLAY_MATRIX.unpack_from(bytes(matrix))
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, a, d = image.transpose(1, 0, 2), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def decode_image(path: Path, to_rgb: RgbConverter) -> Image:
    """(H, W, 3) uint8 RGB of a JPEG or PNG file, whatever its name ends in.

    Raises:
        SourceError: if it cannot be read or decoded.
    """
    try:
        if not path.is_file():
            # Nor a pipe: reading one would wait for ever.
            raise FileNotFoundError(0, "it is no file, or a link to none")
        content = path.read_bytes()
        kind = next((codec for start, codec in _IMAGE_CODECS.items() if content.startswith(start)), None)
        if kind is not None:
            return _decode_whole(kind, content, to_rgb)
        reason = "its first bytes are of neither" if content else "nothing in it"
    except OSError as error:
        reason = error.strerror or str(error)
    except _UNDECODABLE as error:
        reason = str(error)
    raise SourceError(
        ErrorCode.CORRUPT, f"{path}: expected a JPEG or PNG image, found none that can be read ({reason})"
    )


def _decode_whole(kind: str, content: bytes, to_rgb: RgbConverter) -> Image:
    codec = cast(VideoCodecContext, av.CodecContext.create(kind, "r"))
    # Else half a JPEG passes for a whole one, its rest grey.
    codec.options = {"err_detect": "explode"}
    frames = codec.decode(av.Packet(content)) + codec.decode(None)
    if not frames:
        raise ValueError("no image in it")
    return stand_upright(to_rgb.convert(frames[0]), orientation(content))


def _explained(error: av.FFmpegError, name: str) -> SourceError:
    for kind, code, meaning in _MEANINGS:
        if isinstance(error, kind):
            return SourceError(code, f"{name}: {meaning}")
    # FFmpeg says so of a host name that cannot be looked up, and of a certificate.
    reason = (
        "the host is not known, its certificate is not trusted (stream: ca_file), or the line broke"
        if error.errno == errno.EIO
        else error.strerror
    )
    return SourceError(ErrorCode.OTHER, f"{name}: {reason}")
