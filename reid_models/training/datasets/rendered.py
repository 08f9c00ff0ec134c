"""Simulated people as tracklets, so that what learns from real ones learns from them too."""

from pathlib import Path

import numpy as np

from reid_models.training.data import CropSetError, Pixels, read_crop_set
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import nobody
from reid_models.training.tracklets import Dataset, DatasetError, Ids, Image, PackedFrames, TrackletSet

ASKED = 5
"""Every so manieth person is asked for; nothing is learnt from those."""


class WithinMargin:
    """Crops without their mask and without what lies around the person's box."""

    def __init__(self, parts: tuple[Pixels, ...], margin: float) -> None:
        self._frames = PackedFrames(parts)
        self._margin = margin

    def __len__(self) -> int:
        return len(self._frames)

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        return [self._cut(crop) for crop in self._frames.read(rows)]

    def _cut(self, crop: Image) -> Image:
        top, left = (round(self._margin * side) for side in crop.shape[:2])
        return crop[top : crop.shape[0] - top, left : crop.shape[1] - left, :3]


def read(folder: Path, _split: int) -> Dataset:
    """The crops of a person before a camera, as they were rendered, are a tracklet. Every fifth person is asked for.

    As in MARS, a query is one tracklet of each of those in each camera: the gallery is nobody but the queries, so the
    protocol is to be one where queries join it.

    Raises:
        DatasetError: if the folder holds no crops.
    """
    try:
        crops = read_crop_set([folder])
    except CropSetError as error:
        raise DatasetError(str(error)) from error
    keys = np.stack([crops.persons, crops.cameras], axis=1)
    is_first = np.ones(len(keys), bool)
    is_first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    starts = np.flatnonzero(is_first).astype(np.int64)
    people = TrackletSet(
        persons=crops.persons[starts],
        cameras=crops.cameras[starts],
        starts=starts,
        lengths=np.diff(starts, append=len(keys)),
        frames=WithinMargin(crops.parts, crops.margin),
    )
    is_asked = people.persons % ASKED == ASKED - 1
    seen = ", ".join(crops.seen)
    return Dataset("simulated", seen, people.some(~is_asked), people.some(is_asked), nobody(people))


DATASETS = {
    "simulated": DatasetEntry(
        title="simulated people, as tracklets",
        layout="crops.npy and labels.npz",
        where="`reid-train render` makes it",
        licence="CC0 (bodies and clothes), Apache-2.0",
        holds="as many as one renders; four of five persons to learn from",
        read=read,
    )
}
