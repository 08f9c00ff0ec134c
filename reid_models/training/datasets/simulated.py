"""Crops of simulated people with the mask of the person, cut from frames of random scenes.

A person is cut with a margin around the box, so that training can move the box.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_models.training.data import CROPS, LABELS
from simulation.stage import Rendered, Visible

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CutParams:
    """
    Attributes:
        height, width: of a crop, pixels.
        margin: see `CropSet`.
        least_seen: share of a person that must be seen.
        least_px: height of the box that a person must have in the frame.
    """

    height: int = 192
    width: int = 96
    margin: float = 1 / 6
    least_seen: float = 0.35
    least_px: float = 48.0


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One person in one frame.

    Attributes:
        crop: (H, W, 4) uint8, RGB and mask.
        person, camera: who, and before which camera.
    """

    crop: Picture
    person: int
    camera: int


def render_crops(folder: Path, frames: Iterable[tuple[int, Rendered]], params: CutParams, *, most: int) -> int:
    """Fills a folder with a set of at most so many crops; returns how many there are.

    Args:
        folder: of the set.
        frames: camera and picture, as `simulation.scatter.scattered_frames` gives them.
        params: see there.
        most: when to stop; the space is taken at the start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = (most, params.height, params.width, 4)
    crops = np.lib.format.open_memmap(folder / CROPS, mode="w+", dtype=np.uint8, shape=shape)
    persons: list[int] = []
    cameras: list[int] = []
    for row, cut in zip(range(most), cuts(frames, params), strict=False):
        crops[row] = cut.crop
        persons.append(cut.person)
        cameras.append(cut.camera)
    crops.flush()
    _shorten(folder / CROPS, crops, len(persons))
    np.savez(
        folder / LABELS,
        persons=np.array(persons, np.int64),
        cameras=np.array(cameras, np.int64),
        margin=params.margin,
    )
    return len(persons)


def cuts(frames: Iterable[tuple[int, Rendered]], params: CutParams) -> Iterator[Cut]:
    """Everybody who is seen well enough, frame by frame."""
    for camera, frame in frames:
        for person in frame.people:
            crop = _cut(frame, person, params)
            if crop is not None:
                yield Cut(crop, person.person, camera)


def _cut(frame: Rendered, person: Visible, params: CutParams) -> Picture | None:
    height, width = frame.image.shape[:2]
    x1, y1, x2, y2 = np.clip(person.box, 0, [width, height, width, height])
    if person.visibility < params.least_seen or y2 - y1 < params.least_px or x2 - x1 < params.least_px / 8:
        return None
    spare = params.margin / (1 - 2 * params.margin)
    left, right = x1 - spare * (x2 - x1), x2 + spare * (x2 - x1)
    top, bottom = y1 - spare * (y2 - y1), y2 + spare * (y2 - y1)
    scale = np.array([params.width / (right - left), params.height / (bottom - top)])
    matrix = np.array([[scale[0], 0, -left * scale[0]], [0, scale[1], -top * scale[1]]])
    size = (params.width, params.height)
    image = cv2.warpAffine(frame.image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = (frame.person_pixels == person.person).astype(np.uint8) * 255
    mask = cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.dstack([image, mask])


def _shorten(path: Path, crops: NDArray[np.uint8], count: int) -> None:
    """Leaves only the first rows in a file, without copying them."""
    if count == len(crops):
        return
    header = np.lib.format.header_data_from_array_1_0(crops[:count])
    data_at = crops.offset  # type: ignore[attr-defined]  # of memmaps
    with path.open("r+b") as file:
        np.lib.format.write_array_header_1_0(file, header)
        assert file.tell() == data_at
        file.truncate(data_at + count * crops[0].nbytes)
