"""How the pixels of an image file lie, by its EXIF tag."""

import struct

import numpy as np
from numpy.typing import NDArray

_STARTS = (b"Exif\0\0", b"eXIf")
"""Of the block in a JPEG, and of the chunk in a PNG."""
_SEARCHED_BYTES = 256 << 10
_ORIENTATION = 0x0112
_ORDERS = {b"II": "<", b"MM": ">"}


def orientation(content: bytes) -> int:
    """EXIF's orientation of a JPEG or PNG file, 1 to 8; 1, upright, where it says none that is known."""
    for start in _STARTS:
        place = content.find(start, 0, _SEARCHED_BYTES)
        if place >= 0:
            try:
                return _read_orientation(content[place + len(start) :])
            except (struct.error, KeyError):
                return 1
    return 1


def _read_orientation(tiff: bytes) -> int:
    order = _ORDERS[tiff[:2]]
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
    for number in range(entries):
        tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * number)
        if tag == _ORIENTATION and 1 <= value <= 8:
            return int(value)
    return 1


def stand_upright(image: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """An (H, W, 3) image as a viewer shows it, given how its pixels lie (EXIF 3, orientation)."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    down = -1 if orientation in (3, 4, 7, 8) else 1
    right = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(image[::down, ::right])
