"""MARS: the tables of the authors say which images are a tracklet, whom it shows, and which tracklets are queries.

Zheng et al., "MARS: A Video Benchmark for Large-Scale Person Re-identification", ECCV 2016. Its 1,191,003 names are
kept as bytes; images are looked for when they are read.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from reid_models.ranking import DISTRACTOR, JUNK
from reid_models.training.datasets.attribute_files import (
    MARS_ATTRIBUTES,
    SIMULATED,
    with_market_attributes,
    with_mars_attributes,
    with_simulated_attributes,
)
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.tracklets import Dataset, DatasetError, FrameStore, Ids, ImageFiles, TrackletSet

Names = NDArray[np.bytes_]
ID, CAMERA, NUMBER, TRACKLET = slice(0, 4), slice(5, 6), slice(7, 11), slice(0, 11)
"""Where a name says them: `0001C1T0001F001.jpg`. Distractors are 0000."""
JUNK_ID = b"00-1"


def read(folder: Path, _split: int) -> Dataset:
    """The official split, with junk and distractors in the gallery by their labels.

    Raises:
        DatasetError: if a table or a person's folder is missing, or names and tables do not agree.
    """
    return read_tables(folder, lambda side, names: _image_files(folder / side, names))


def read_tables(folder: Path, frames: Callable[[str, Names], FrameStore]) -> Dataset:
    """The same, with frames from elsewhere.

    Args:
        folder: with `info/`.
        frames: (`bbox_train` or `bbox_test`, names in the order of the tables) -> where those frames are.

    Raises:
        DatasetError: as `read`.
    """
    train, test = (_side(folder, side, frames) for side in ("train", "test"))
    queries = _matrix(folder / "info" / "query_IDX.mat", "query_IDX").ravel().astype(np.int64) - 1
    if queries.size and not 0 <= queries.min() <= queries.max() < len(test):
        raise DatasetError(f"expected queries among the {len(test)} tracklets of the test, found {queries.max() + 1}")
    is_query = np.zeros(len(test), bool)
    is_query[queries] = True
    return Dataset("mars", SEEN, train.named(), test.some(is_query), test.some(~is_query))


def _side(folder: Path, side: str, frames: Callable[[str, Names], FrameStore]) -> TrackletSet:
    table = _matrix(folder / "info" / f"tracks_{side}_info.mat", f"track_{side}_info").astype(np.int64)
    names = _names(folder, side)
    starts, lengths = table[:, 0] - 1, table[:, 1] - table[:, 0] + 1
    _check(table, names, folder, side)
    persons = table[:, 2]
    people = TrackletSet(
        persons=np.where(persons == 0, DISTRACTOR, np.where(persons < 0, JUNK, persons)),
        cameras=table[:, 3],
        starts=starts,
        lengths=lengths,
        frames=frames(f"bbox_{side}", names),
    )
    if (folder / MARS_ATTRIBUTES).is_file():
        return with_mars_attributes(people, _part(names[starts], NUMBER).astype(np.int64), folder)
    if (folder / SIMULATED).is_file():
        return with_simulated_attributes(people, folder)
    return with_market_attributes(people, folder)


def _matrix(path: Path, key: str) -> NDArray[np.integer]:
    try:
        found = loadmat(path)[key]
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        raise DatasetError(f"expected {key} in {path}, found {error!r:.80}; MARS is {LAYOUT}; {WHERE}") from error
    return np.asarray(found)


def _names(folder: Path, side: str) -> Names:
    """In the order of the tables: the authors' list, or what their MATLAB script makes it from."""
    path, images = folder / "info" / f"{side}_name.txt", folder / f"bbox_{side}"
    if path.is_file():
        return np.array(path.read_bytes().split(), np.bytes_)
    if not images.is_dir():
        raise DatasetError(f"expected {path}, or {images} to list, found neither; MARS is {LAYOUT}; {WHERE}")
    persons = sorted(each for each in images.iterdir() if each.is_dir())
    return np.array(
        [name.encode() for each in persons for name in sorted(path.name for path in each.glob("*.jpg"))], np.bytes_
    )


def _check(table: Ids, names: Names, folder: Path, side: str) -> None:
    """That the table is of these names, so that nobody learns from another's frames."""
    if table.ndim != 2 or table.shape[1] != 4:
        raise DatasetError(f"expected four columns in tracks_{side}_info.mat, found {table.shape}; {WHERE}")
    if int(table[:, 1].max()) != len(names):
        raise DatasetError(
            f"expected {int(table[:, 1].max())} images of MARS as tracks_{side}_info.mat counts, found {len(names)} in "
            f"{folder}: names or images are missing, or are too many"
        )
    if names.dtype.itemsize < TRACKLET.stop:
        raise DatasetError(f"expected names like 0001C1T0001F001.jpg in {folder}, found {names[0].decode()}")
    first, last = names[table[:, 0] - 1], names[table[:, 1] - 1]
    ids, cameras = _part(first, ID), _part(first, CAMERA)
    is_right = (_part(first, TRACKLET) == _part(last, TRACKLET)) & np.char.isdigit(cameras)
    is_right &= np.char.isdigit(ids) | (ids == JUNK_ID)
    persons = np.where(ids == JUNK_ID, b"-1", ids)[is_right].astype(np.int64)
    is_right[is_right] = (persons == table[is_right, 2]) & (cameras[is_right].astype(np.int64) == table[is_right, 3])
    if not is_right.all():
        row = int(np.argmin(is_right))
        raise DatasetError(
            f"expected row {row + 1} of tracks_{side}_info.mat to be frames of person {table[row, 2]} in camera "
            f"{table[row, 3]}, found {first[row].decode()} to {last[row].decode()}: take both from one release"
        )


def _part(names: Names, where: slice) -> Names:
    """That part of every name."""
    letters = np.ascontiguousarray(names).view("S1").reshape(len(names), -1)[:, where]
    width = where.stop - where.start
    return np.ascontiguousarray(letters).view(f"S{width}").reshape(len(names))


def _image_files(images: Path, names: Names) -> ImageFiles:
    ids = _part(names, ID)
    is_first = np.ones(len(names), bool)
    is_first[1:] = ids[1:] != ids[:-1]
    folders = [images / label.decode() for label in ids[is_first]]
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(f"expected images of MARS in {folder}, found no folder; MARS is {LAYOUT}; {WHERE}")
    return ImageFiles(folders, np.cumsum(is_first) - 1, names)


SEEN = "MARS (research use)"
LAYOUT = (
    "bbox_train/ID/*.jpg, bbox_test/ID/*.jpg and info/ with tracks_train_info.mat, tracks_test_info.mat and "
    "query_IDX.mat (train_name.txt and test_name.txt, or they are made from the folders)"
)
WHERE = "ask the authors of Zheng et al., ECCV 2016, for the images, and take info/ from their MARS-evaluation"

DATASETS = {
    "mars": DatasetEntry(
        title="MARS",
        layout=LAYOUT,
        where=WHERE,
        licence="research use",
        holds="625 persons and 8298 tracklets to learn from, 1980 queries, 9330 tracklets to search and 870 of junk",
        read=read,
    )
}
