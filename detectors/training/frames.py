"""Frames with known people, as training reads them: JPEG files and one table.

A folder holds `000000.jpg` onwards and `people.npz`: `frame` (N,) int64, `boxes` (N, 4) float32 xyxy pixels of whole
people, hidden parts and all, and `visibility` (N,) float32, the share of the person that is seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PEOPLE = "people.npz"
QUALITY = 92


class FrameSetError(Exception):
    """A folder does not hold frames with known people; the message says in one line what it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFrame:
    """One picture, and who is in it.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        boxes: (N, 4) float32 xyxy pixels, whole people.
        visibility: (N,) float32, share that is seen.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    visibility: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.boxes.shape != (len(self.visibility), 4):
            raise ValueError(f"boxes {self.boxes.shape} and visibility {self.visibility.shape} do not line up")


class FrameSet:
    """The frames of some folders, read when they are asked for."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Takes the folders.

        Raises:
            FrameSetError: if one has no table, or there is no frame at all.
        """
        self._frames: list[tuple[Path, NDArray[np.float32], NDArray[np.float32]]] = []
        for folder in folders:
            self._frames.extend(_table(folder))
        if not self._frames:
            raise FrameSetError(f"expected frames in {', '.join(map(str, folders))}, found none: render some")

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> LabelledFrame:
        path, boxes, visibility = self._frames[index]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise FrameSetError(f"expected a picture at {path}, found something else: render the set again")
        return LabelledFrame(np.asarray(image, np.uint8), boxes, visibility)


def write_frames(folder: Path, frames: Iterable[LabelledFrame]) -> int:
    """Writes a folder; returns how many frames there were."""
    folder.mkdir(parents=True, exist_ok=True)
    boxes, visibility, numbers = [np.zeros((0, 4), np.float32)], [np.zeros(0, np.float32)], [np.zeros(0, np.int64)]
    for number, frame in enumerate(frames):
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{number:06d}.jpg"), bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        boxes.append(frame.boxes)
        visibility.append(frame.visibility)
        numbers.append(np.full(len(frame.boxes), number))
    np.savez(
        folder / PEOPLE,
        frame=np.concatenate(numbers),
        boxes=np.concatenate(boxes),
        visibility=np.concatenate(visibility),
    )
    return len(boxes) - 1


def _table(folder: Path) -> Iterable[tuple[Path, NDArray[np.float32], NDArray[np.float32]]]:
    try:
        with np.load(folder / PEOPLE) as people:
            frame, boxes, visibility = people["frame"], people["boxes"], people["visibility"]
    except (OSError, ValueError, KeyError) as error:
        raise FrameSetError(f"expected {PEOPLE} in {folder}, found {error}: render the set") from error
    for path in sorted(folder.glob("*.jpg")):
        rows = frame == int(path.stem)
        yield path, boxes[rows], visibility[rows]
