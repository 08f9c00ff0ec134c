"""Images that strangers send: bounded in bytes and in pixels before anything decodes them."""

import struct

import cv2
import numpy as np

from passerby_events.errors import PasserbyError
from pipeline.records import Image

MOST_BYTES = 4 << 20
MOST_PIXELS = 16_000_000
SMALLEST_SIDE = 8
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SIZES_OF_JPEG = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of a frame's header, in which the size stands."""
_WITHOUT_LENGTH = {0x01, *range(0xD0, 0xD8)}


class UploadError(PasserbyError):
    """What was sent is no image that is taken."""


def decode_upload(content: bytes) -> Image:
    """(H, W, 3) uint8 RGB of a JPEG or a PNG.

    Raises:
        UploadError: if it is neither, too large, or broken.
    """
    if len(content) > MOST_BYTES:
        raise UploadError(f"expected an image of at most {MOST_BYTES >> 20} MB, found {len(content):,} bytes")
    width, height = _size(content)
    if min(width, height) < SMALLEST_SIDE or width * height > MOST_PIXELS:
        raise UploadError(
            f"expected {SMALLEST_SIDE} pixels a side and {MOST_PIXELS:,} in all at most, found {width}x{height}"
        )
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise UploadError("expected a JPEG or a PNG, found one that cannot be decoded")
    return np.ascontiguousarray(image[..., ::-1]).astype(np.uint8, copy=False)


def _size(content: bytes) -> tuple[int, int]:
    """Width and height, as the header says."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return int(width), int(height)
    if content.startswith(_JPEG):
        return _size_of_jpeg(content)
    raise UploadError("expected a JPEG or a PNG, found another thing")


def _size_of_jpeg(content: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(content):
        if content[at] != 0xFF:
            break
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker in _SIZES_OF_JPEG:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return int(width), int(height)
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    raise UploadError("expected a JPEG with a size, found none")
