"""People's own tracklets, in the layout of MARS: `<person>/<person>C<camera>T<tracklet>F<frame>.jpg`."""

from pathlib import Path

import numpy as np

from reid_models.tracklet_folder import LabelledTracklet, read_folder
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import nobody
from reid_models.training.tracklets import Dataset, ImageFiles, TrackletSet

TRAIN, TEST = "train", "test"


def read(folder: Path, _split: int) -> Dataset:
    """`train` is learnt from, and each tracklet of `test` is searched for among all the others.

    A folder without those two is all test.

    Raises:
        TrackletFolderError: if there are no such tracklets.
    """
    sides = {side: tracklet_set(read_folder(folder / side)) for side in (TRAIN, TEST) if (folder / side).is_dir()}
    if not sides:
        sides = {TEST: tracklet_set(read_folder(folder))}
    none = nobody(next(iter(sides.values())))
    seen = f"{folder.resolve().name} (unknown)"
    return Dataset("folder", seen, sides.get(TRAIN, none).named(), sides.get(TEST, none), none)


def tracklet_set(tracklets: list[LabelledTracklet]) -> TrackletSet:
    """Tracklets on disk as a set."""
    lengths = np.array([len(one.files) for one in tracklets], np.int64)
    return TrackletSet(
        persons=np.array([one.person for one in tracklets], np.int64),
        cameras=np.array([one.camera for one in tracklets], np.int64),
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        frames=ImageFiles.of(path for one in tracklets for path in one.files),
    )


DATASETS = {
    "folder": DatasetEntry(
        title="tracklets of one's own",
        layout=f"{TRAIN}/ and {TEST}/, or those to ask for alone: <person>/<person>C<camera>T<tracklet>F<frame>.jpg",
        where="lay them out so, or let `reid-train import` cut them out of a run of `reid-pipeline run`",
        licence="yours",
        holds="as many as there are",
        read=read,
    )
}
