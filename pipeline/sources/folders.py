"""Folders of images: recordings whose frames are files."""

import logging
import math
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.records import Frame
from pipeline.sources.decoding import IMAGE_SUFFIXES, RgbConverter, decode_image
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

logger = logging.getLogger(__name__)

_DIGITS = re.compile(r"(\d+)")


class FolderSource:
    """A folder of JPEG and PNG images, in the order of the numbers in their names. A `FrameSource`.

    Frames are numbered as the images are: where a number is missing, a frame is missing, and time goes on
    (`frame_numbers`). An image that cannot be decoded is such a gap, and counted as dropped.
    """

    def __init__(
        self,
        camera: str,
        folder: Path,
        *,
        frame_rate: float,
        starts_at_s: float = 0.0,
        observers: Sequence[SourceObserver] = (),
    ) -> None:
        """Opens nothing yet.

        Args:
            camera: its name.
            folder: where the images lie; hidden files, and files of other kinds, are passed over.
            frame_rate: images per second.
            starts_at_s: time of the first image, seconds since the epoch.
            observers: are told when it is opened, and of images that cannot be decoded.

        Raises:
            ValueError: if the frame rate is not positive.
        """
        check_rate(camera, frame_rate)
        self._camera = camera
        self._folder = folder
        self._frame_rate = frame_rate
        self._starts_at_s = starts_at_s
        self._observers = observers
        self._closed = threading.Event()

    def length(self) -> int:
        """Number of images.

        Raises:
            SourceError: if there is no such folder, or no image in it.
        """
        return len(self.images())

    def images(self) -> list[Path]:
        """Its images, in their order; at least one.

        Raises:
            SourceError: if there is no such folder, or no image in it.
        """
        if not self._folder.is_dir():
            raise SourceError(ErrorCode.NOT_FOUND, f"{self._name}: expected a folder of images, found no such folder")
        images = [
            path
            for path in self._folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
        ]
        if not images:
            kinds = ", ".join(sorted(IMAGE_SUFFIXES))
            raise SourceError(ErrorCode.NOT_FOUND, f"{self._name}: expected images ({kinds}), found none")
        return sorted(images, key=_natural)

    def __iter__(self) -> Iterator[Frame]:
        to_rgb = RgbConverter()
        images = self.images()
        report(self._observers, SourceChanged(self._camera, SourceState.STREAMING))
        damaged: list[SourceError] = []
        for index, path in zip(frame_numbers(images), images, strict=True):
            if self._closed.is_set():
                return
            try:
                image = decode_image(path, to_rgb)
            except SourceError as error:
                damaged.append(error)
                report(self._observers, FrameDropped(self._camera, DropCause.CORRUPT))
                continue
            yield Frame(self._camera, index, self._starts_at_s + index / self._frame_rate, "container", image)
        if len(damaged) == len(images):
            raise damaged[0]
        if damaged:
            counts = self._name, len(damaged), len(images), damaged[0]
            logger.warning("%s: %d of %d images were skipped; %s", *counts, extra={"camera": self._camera})

    def close(self) -> None:
        self._closed.set()

    @property
    def _name(self) -> str:
        return f"camera {self._camera}: {self._folder}"


def frame_numbers(images: Sequence[Path]) -> list[int]:
    """The number of each image's frame, from 0 for the first.

    Args:
        images: in the order of the numbers in their names.

    Returns:
        Where the names differ in one number only, that number, counted in the step that all of them share (every fifth
        frame of a video is 0, 1, 2, and a gap is a gap). Where they do not (dates and times, names of people), the
        place in the order.
    """
    pieces = [_DIGITS.split(path.stem) for path in images]
    in_order = list(range(len(images)))
    if len({tuple(each[::2]) for each in pieces}) != 1:
        return in_order
    columns = [[int(number) for number in column] for column in list(zip(*pieces, strict=True))[1::2]]
    changing = [column for column in columns if len(set(column)) > 1]
    if len(changing) != 1:
        return in_order
    steps = [number - changing[0][0] for number in changing[0]]
    step = math.gcd(*steps)
    numbers = [each // step for each in steps]
    return numbers if len(set(numbers)) == len(numbers) else in_order


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Key that puts img2 before img10."""
    return [
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in _DIGITS.split(path.name) if piece
    ] + [(2, 0, path.name)]
