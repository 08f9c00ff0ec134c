"""Frames with known people, as training reads them: images, masks and one table.

A folder holds `000000.jpg` onwards, `000000.png` with the mask of all people beside each, and `people.npz`: `frame`
(N,) int64, `boxes` (N, 4) float32 xyxy pixels of whole people, hidden parts and all, and `visibility` (N,) float32, the
share of the person that is seen; `trained_on` says what the frames are, for the cards of networks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from reid_learning.checkpoint import UNKNOWN

PEOPLE = "people.npz"
QUALITY = 92


class FrameSetError(PasserbyError):
    """A folder does not hold frames with known people; the message says in one line what it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFrame:
    """One image, and who is in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        is_person: (H, W) bool, the pixels of people.
        boxes: (N, 4) float32 xyxy pixels, whole people.
        visibility: (N,) float32, share that is seen.
    """

    image: NDArray[np.uint8]
    is_person: NDArray[np.bool_]
    boxes: NDArray[np.float32]
    visibility: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.visibility), 4):
            raise ValueError(f"boxes {self.boxes.shape} and visibility {self.visibility.shape} do not line up")
        if self.is_person.shape != self.image.shape[:2]:
            raise ValueError(f"image {self.image.shape} and mask {self.is_person.shape} do not line up")


class FrameSet:
    """The frames of some folders, read when they are asked for.

    Attributes:
        seen: name of each folder, and what it says of itself.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Takes the folders.

        Raises:
            FrameSetError: if one has no table, or there is no frame at all.
        """
        self._frames: list[tuple[Path, NDArray[np.float32], NDArray[np.float32]]] = []
        self.seen = tuple(f"{folder.resolve().name} ({_trained_on(folder)})" for folder in folders)
        for folder in folders:
            self._frames.extend(_table(folder))
        if not self._frames:
            raise FrameSetError(f"expected frames in {', '.join(map(str, folders))}, found none: render some")

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> LabelledFrame:
        path, boxes, visibility = self._frames[index]
        image = _read_image(path, cv2.IMREAD_COLOR_RGB)
        return LabelledFrame(image, _read_image(_mask_path(path), cv2.IMREAD_GRAYSCALE) > 0, boxes, visibility)


def write_frames(folder: Path, frames: Iterable[LabelledFrame], *, trained_on: str = UNKNOWN) -> int:
    """Writes a folder, and what it is; returns how many frames there were."""
    folder.mkdir(parents=True, exist_ok=True)
    boxes, visibility, numbers = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)], [np.zeros(0, np.int64)]
    for number, frame in enumerate(frames):
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        path = folder / f"{number:06d}.jpg"
        cv2.imwrite(str(path), bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        cv2.imwrite(str(_mask_path(path)), frame.is_person.astype(np.uint8), (cv2.IMWRITE_PNG_BILEVEL, 1))
        boxes.append(frame.boxes)
        visibility.append(frame.visibility)
        numbers.append(np.full(len(frame.boxes), number))
    np.savez(
        folder / PEOPLE,
        frame=np.concatenate(numbers),
        boxes=np.concatenate(boxes),
        visibility=np.concatenate(visibility),
        trained_on=trained_on,
    )
    return len(boxes) - 1


def _mask_path(path: Path) -> Path:
    return path.with_suffix(".png")


def _read_image(path: Path, how: int) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), how)
    if image is None:
        raise FrameSetError(f"expected an image at {path}, found something else: render the set again")
    return np.asarray(image, np.uint8)


def _trained_on(folder: Path) -> str:
    try:
        with np.load(folder / PEOPLE) as people:
            return str(people.get("trained_on", UNKNOWN))
    except (OSError, ValueError) as error:
        raise FrameSetError(f"expected {PEOPLE} in {folder}, found {error}: render the set") from error


def _table(folder: Path) -> Iterable[tuple[Path, NDArray[np.float32], NDArray[np.float32]]]:
    try:
        with np.load(folder / PEOPLE) as people:
            frame, boxes, visibility = people["frame"], people["boxes"], people["visibility"]
    except (OSError, ValueError, KeyError) as error:
        raise FrameSetError(f"expected {PEOPLE} in {folder}, found {error}: render the set") from error
    for path in sorted(folder.glob("*.jpg")):
        rows = frame == int(path.stem)
        yield path, boxes[rows], visibility[rows]
