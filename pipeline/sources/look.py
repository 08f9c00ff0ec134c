"""One look at a camera before anything runs on it: what does it send, and how soon."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pipeline.sources.decoding import DecodedImage
from pipeline.sources.errors import ErrorCode, SourceError
from pipeline.sources.files import open_recording
from pipeline.sources.folders import FolderSource
from pipeline.sources.source import CameraLook, StreamParams
from pipeline.sources.streams import open_stream, transport_of

LOOK_S = 2.0
"""For how long the images of a live stream are counted, from the first one on."""


def look_at_stream(camera: str, url: str, params: StreamParams) -> CameraLook:
    """Connects once, and counts images for `LOOK_S`.

    Raises:
        ValueError: if the address is none that a stream can have.
        SourceError: if no image comes.
    """
    began_s = time.monotonic()
    with closing(open_stream(camera, url, params)) as video:
        images = video.decoded_images()
        first = _first(images, f"camera {camera}: connected, but no image came")
        first_image_s = time.monotonic() - began_s
        height, width = first.image.shape[:2]
        kind = f"{video.codec}, {transport_of(url, params)}"
        return CameraLook(kind, width, height, _rate(images), first_image_s)


def look_at_file(camera: str, path: Path) -> CameraLook:
    """Decodes the first image.

    Raises:
        SourceError: if there is none.
    """
    began_s = time.monotonic()
    with closing(open_recording(f"camera {camera}: {path}", path)) as video:
        first = _first(video.decoded_images(), f"camera {camera}: {path}: no frame of it can be decoded")
        height, width = first.image.shape[:2]
        took_s = time.monotonic() - began_s
        kind = f"{video.codec}, {video.container}"
        return CameraLook(kind, width, height, video.frame_rate, took_s, video.length, video.duration_s)


def look_at_folder(camera: str, folder: Path, frame_rate: float) -> CameraLook:
    """Decodes the first image that can be decoded.

    Raises:
        SourceError: if there is none.
    """
    began_s = time.monotonic()
    source = FolderSource(camera, folder, frame_rate=frame_rate)
    frames = iter(source)
    first = next(frames, None)
    took_s, count = time.monotonic() - began_s, source.length()
    if first is None:
        raise SourceError(ErrorCode.CORRUPT, f"camera {camera}: {folder}: no image of it can be decoded")
    height, width = first.image.shape[:2]
    return CameraLook("folder of images", width, height, frame_rate, took_s, count, count / frame_rate)


def _first(images: Iterator[DecodedImage], otherwise: str) -> DecodedImage:
    first = next(images, None)
    if first is None:
        raise SourceError(ErrorCode.CORRUPT, otherwise)
    return first


def _rate(images: Iterator[DecodedImage]) -> float | None:
    """By the stream's own times, where it has some: what was sent before we looked, or by HLS, comes in lumps."""
    began_s, count = time.monotonic(), 0
    times_s: list[float] = []
    for image in images:
        count += 1
        times_s += [] if image.time_s is None else [image.time_s]
        took_s = time.monotonic() - began_s
        if took_s >= LOOK_S or (times_s and times_s[-1] - times_s[0] >= LOOK_S):
            break
    if len(times_s) > 1 and times_s[-1] > times_s[0]:
        return (len(times_s) - 1) / (times_s[-1] - times_s[0])
    return count / took_s if count else None
