"""Crops of simulated people with the mask of the person, before random cameras.

A crop reaches over the person's box on each side, so that training can move the box; nothing spoils it, because
training does that too, otherwise each time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_models.training.data import CROPS, LABELS
from reid_simulation.output.crops import Crop, CropParams, Studio
from reid_simulation.render.render import Figures

Image = NDArray[np.uint8]
NEIGHBOURS = 8
"""Others in a crop have one of the next numbers, so that few people are in memory."""
EVERY_S = 0.45
"""Between two crops of a person before one camera."""


STUDIO = CropParams(
    height=192, width=96, cameras=60, frame_width=640, frame_height=480, cut=0.0, loose=0.0, margin=1 / 6, spoilt=0.0
)


@dataclass(frozen=True, slots=True)
class SetParams:
    """
    Attributes:
        cameras: that a person is seen by, drawn from all.
        crops: of the person in each.
        studio: see there.
    """

    cameras: int
    crops: int
    studio: CropParams = field(default=STUDIO)


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One person before one camera.

    Attributes:
        crop: (H, W, 4) uint8, RGB and mask.
        person, camera: who, and before which camera.
    """

    crop: Image
    person: int
    camera: int


def render_crops(folder: Path, cuts: Iterator[Cut], params: SetParams, *, most: int) -> int:
    """Fills a folder with a set of at most so many crops; returns how many there are.

    Args:
        folder: of the set.
        cuts: see `crops_of`.
        params: theirs.
        most: when to stop; the space is taken at the start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shape = (most, params.studio.height, params.studio.width, 4)
    crops = np.lib.format.open_memmap(folder / CROPS, mode="w+", dtype=np.uint8, shape=shape)
    persons: list[int] = []
    cameras: list[int] = []
    for row, cut in zip(range(most), cuts, strict=False):
        crops[row] = cut.crop
        persons.append(cut.person)
        cameras.append(cut.camera)
    crops.flush()
    _shorten(folder / CROPS, crops, len(persons))
    np.savez(
        folder / LABELS,
        persons=np.array(persons, np.int64),
        cameras=np.array(cameras, np.int64),
        margin=params.studio.margin,
        trained_on="simulated people",
    )
    return len(persons)


def crops_of(figures: Figures, persons: Sequence[int], params: SetParams) -> Iterator[Cut]:
    """Each person before some of the cameras, person by person."""
    studio = Studio(figures, params.studio)
    for person in persons:
        rng = np.random.default_rng([params.studio.seed, person])
        chosen = rng.choice(params.studio.cameras, min(params.cameras, params.studio.cameras), replace=False)
        others = [other for other in persons if person < other <= person + NEIGHBOURS]
        for camera in chosen.tolist():
            for crop in _different(
                studio.tracklet(rng, person, camera=camera, count=params.crops, every_s=EVERY_S, others=others)
            ):
                yield Cut(np.dstack([crop.image, crop.mask]), person, camera)


def _different(crops: Sequence[Crop]) -> list[Crop]:
    """Each crop once: who walks out of the image is seen again at the start."""
    return list({id(crop): crop for crop in crops}.values())


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
