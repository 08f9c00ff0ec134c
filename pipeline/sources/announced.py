"""How many bytes a recording says that it has: the way to know that it was cut off, which no clock tells for sure."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_MP4_FIRST = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp"))
_AVI_UNKNOWN = 0xFFFF_FFF0
"""Writers that never came to an end leave 0, or all ones."""


def announced_bytes(path: Path) -> int | None:
    """Length of a file by what its container says; None where it says nothing (transport streams, live recordings).

    MP4 and MOV by their boxes, AVI by its RIFF chunks, Matroska by its segment, FLV by its last tag.

    Raises:
        OSError: if the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        for is_it, measure in _CONTAINERS:
            if is_it(head):
                file.seek(0)
                return measure(file, os.fstat(file.fileno()).st_size)
    return None


def _mp4_end(file: BinaryIO, size: int) -> int | None:
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(16)
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:], "big")
        if not kind.isalnum() or 0 < length < 8:
            return end or None
        if length == 0:
            # To the end of the file, wherever that is.
            return None
        end += length
    return end


def _avi_end(file: BinaryIO, size: int) -> int | None:
    end = 0
    while end < size:
        file.seek(end)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF":
            return end
        if not 0 < length < _AVI_UNKNOWN:
            return None
        end += 8 + length + length % 2
    return end


def _matroska_end(file: BinaryIO, size: int) -> int | None:
    end = 0
    for _ in ("header", "segment"):
        file.seek(end + 4)
        head = file.read(8)
        if not head or not head[0]:
            return None
        width = 9 - head[0].bit_length()
        length = int.from_bytes(head[:width], "big") - (1 << 7 * width)
        if length == (1 << 7 * width) - 1:
            return None
        end += 4 + width + length
    return end


def _flv_end(file: BinaryIO, size: int) -> int | None:
    file.seek(5)
    end = int.from_bytes(file.read(4), "big") + 4
    while end < size:
        file.seek(end)
        head = file.read(4)
        if len(head) < 4:
            return end + 11 + 4
        if head[0] & 0x1F not in (8, 9, 18):
            return end
        end += 11 + int.from_bytes(head[1:], "big") + 4
    return end


_CONTAINERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO, int], int | None]], ...] = (
    (lambda head: head[4:8] in _MP4_FIRST, _mp4_end),
    (lambda head: head[:4] == b"RIFF" and head[8:] == b"AVI ", _avi_end),
    (lambda head: head[:4] == b"\x1aE\xdf\xa3", _matroska_end),
    (lambda head: head[:3] == b"FLV", _flv_end),
)
