"""LS-VID: lists name each tracklet by how its frames' paths begin, and a table says which of the test are queries.

Li et al., "Global-Local Temporal Representations for Video Person Re-Identification", ICCV 2019.
"""

from bisect import bisect_left
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import h5py
import numpy as np

from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import Listed, image_names, tracklet_set
from reid_models.training.tracklets import Dataset, DatasetError, Ids

CAMERA_FIELD = 2
"""Of a frame's name, fields between underlines: `0001_xxxx_05_...` is of camera 5."""


def read(folder: Path, _split: int) -> Dataset:
    """The official split; queries are taken out of the test list.

    Raises:
        DatasetError: if a list or the table is missing, or names what is not there.
    """
    train, test = (tracklet_set(_listed(folder, f"list_seq_{side}.txt")) for side in ("train", "test"))
    queries = _queries(folder / INFO)
    if queries.size and not 0 <= queries.min() <= queries.max() < len(test):
        raise DatasetError(f"expected queries among the {len(test)} tracklets of the list, found {queries.max() + 1}")
    is_query = np.zeros(len(test), bool)
    is_query[queries] = True
    return Dataset("ls-vid", SEEN, train, test.some(is_query), test.some(~is_query))


def _listed(folder: Path, name: str) -> Iterator[Listed]:
    """Each line is `PREFIX PERSON`: the frames are all images whose path begins with the prefix."""
    images = cache(image_names)
    for number, line in enumerate(_lines(folder / "list_sequence" / name), start=1):
        prefix, _, person = line.rpartition(" ")
        if not prefix or not person.isdigit():
            raise DatasetError(f"{name}, line {number}: expected a path and a person, found {line!r:.80}")
        where = folder / prefix.lstrip("/")
        if not where.parent.is_dir():
            raise DatasetError(f"{name}, line {number}: expected frames in {where.parent}, found no folder; {WHERE}")
        there = images(where.parent)
        first = bisect_left(there, where.name)
        names = there[first : bisect_left(there, where.name + "\U0010ffff")]
        if not names:
            raise DatasetError(f"{name}, line {number}: expected frames {where}*, found none: restore them")
        yield Listed(int(person), _camera(names[0], where), where.parent, names)


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"expected a list at {path}, found {error!r:.80}; the set is {LAYOUT}; {WHERE}") from error


def _camera(name: str, where: Path) -> int:
    fields = name.split("_")
    camera = fields[CAMERA_FIELD].removeprefix("c") if len(fields) > CAMERA_FIELD else ""
    if not camera.isdigit():
        raise DatasetError(f"expected the camera in the third field of {where.parent / name}, found {camera!r}")
    return int(camera)


def _queries(path: Path) -> Ids:
    """Rows of the test list, from 0."""
    try:
        with h5py.File(path) as file:
            table = np.atleast_2d(np.asarray(file["query"]))
    except (OSError, KeyError) as error:
        raise DatasetError(f"expected query in {path}, found {error!r:.80}; the set is {LAYOUT}; {WHERE}") from error
    # MATLAB's rows are h5py's columns, so that either may be the long side.
    row = table[0] if table.shape[0] <= table.shape[1] else table[:, 0]
    return row.astype(np.int64) - 1


SEEN = "LS-VID (by signed agreement)"
INFO = Path("test") / "data" / "info_test.mat"
LAYOUT = f"list_sequence/list_seq_train.txt and list_seq_test.txt, {INFO}, and the frames where the lists say"
WHERE = "ask the authors of Li et al., ICCV 2019, for it: by signed agreement"

DATASETS = {
    "ls-vid": DatasetEntry(
        title="LS-VID",
        layout=LAYOUT,
        where=WHERE,
        licence="by signed agreement",
        holds="842 persons and 2831 tracklets to learn from, 3504 queries, 7829 tracklets to search",
        read=read,
    )
}
