"""Every data set by name, and how one is read."""

from pathlib import Path

from reid_models.training.datasets import (
    completed,
    cuhk01,
    duke_video,
    ls_vid,
    market1501,
    mars,
    paired_cameras,
    rendered,
)
from reid_models.training.datasets import folder as own_folder
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.tracklets import Dataset, DatasetError

DATASETS: dict[str, DatasetEntry] = {
    **mars.DATASETS,
    **duke_video.DATASETS,
    **paired_cameras.DATASETS,
    **ls_vid.DATASETS,
    **market1501.DATASETS,
    **cuhk01.DATASETS,
    **rendered.DATASETS,
    **own_folder.DATASETS,
    **completed.DATASETS,
}


def read_dataset(name: str, folder: Path, *, split: int = 0) -> Dataset:
    """A data set.

    Args:
        name: in `DATASETS`.
        folder: where it is.
        split: from 0; of sets with several.

    Raises:
        DatasetError: if there is no such set or split, the folder is missing, or it is laid out otherwise.
    """
    if name not in DATASETS:
        raise DatasetError(f"expected one of the data sets {', '.join(DATASETS)}, found {name}")
    entry = DATASETS[name]
    if not 0 <= split < entry.splits:
        raise DatasetError(f"expected a split from 0 to {entry.splits - 1} of {name}, found {split}")
    if not folder.is_dir():
        raise DatasetError(f"expected {name} at {folder}, found no folder; it holds {entry.layout}; {entry.where}")
    return entry.read(folder, split).check()
