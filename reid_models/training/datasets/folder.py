"""People's own tracklets, in the layout of MARS: `<person>/<person>C<camera>T<tracklet>F<frame>.jpg`."""

from pathlib import Path

import numpy as np

from reid_models.tracklet_folder import LabelledTracklet, read_folder
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.tracklets import Dataset, ImageFiles, TrackletSet

TRAIN, TEST = "train", "test"


def read(folder: Path, _split: int) -> Dataset:
    """`train` is learnt from, and each tracklet of `test` is searched for among all the others.

    A folder without those two is all test.

    Raises:
        TrackletFolderError: if there are no such tracklets.
    """
    has_train = (folder / TRAIN).is_dir()
    test = tracklet_set(read_folder(folder / TEST if (folder / TEST).is_dir() else folder))
    train = tracklet_set(read_folder(folder / TRAIN)) if has_train else nobody(test)
    return Dataset("folder", f"{folder.resolve().name} (unknown)", train, test, nobody(test))


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


def nobody(people: TrackletSet) -> TrackletSet:
    """None of the tracklets of a set."""
    return people.some(np.zeros(len(people), bool))


DATASETS = {
    "folder": DatasetEntry(
        title="tracklets of one's own",
        layout=f"{TRAIN}/ and {TEST}/, or those to ask for alone: <person>/<person>C<camera>T<tracklet>F<frame>.jpg",
        where="lay them out so, or let `reid-pipeline run` write them",
        read=read,
    )
}
