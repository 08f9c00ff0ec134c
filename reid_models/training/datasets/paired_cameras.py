"""iLIDS-VID and PRID 2011: one tracklet of each person in each of two cameras, and ten splits to average over.

Wang et al., "Person Re-identification by Video Ranking", ECCV 2014, and Hirzer et al., "Person Re-identification by
Descriptive and Discriminative Classification", SCIA 2011. The first camera's tracklets are the queries.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import Listed, folder_names, image_names, tracklet_set
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

SPLITS = 10
COMMON = 200
"""Persons of PRID 2011 who are in both cameras, the first by their numbers."""


def read_ilids(folder: Path, split: int) -> Dataset:
    """150 persons to learn from, 150 to ask for: the columns of the official splits from 151 on, and up to 150.

    Raises:
        DatasetError: if a folder or the splits are missing, or do not agree.
    """
    sequences = folder / ILIDS_SEQUENCES
    persons = folder_names(sequences / "cam1", ILIDS_LAYOUT)
    path = folder / ILIDS_SPLITS
    try:
        table = np.asarray(loadmat(path)["ls_set"], np.int64)
    except (OSError, ValueError, KeyError, NotImplementedError) as error:
        raise DatasetError(f"expected ls_set in {path}, found {error!r:.80}; the set is {ILIDS_LAYOUT}") from error
    if table.shape != (SPLITS, len(persons)) or set(table[split]) != set(range(1, len(persons) + 1)):
        raise DatasetError(f"expected splits of {SPLITS} x {len(persons)} persons in {path}, found {table.shape}")
    order = [persons[number - 1] for number in table[split].tolist()]
    half = len(persons) // 2
    cameras = sequences / "cam1", sequences / "cam2"
    return _dataset("ilids-vid", ILIDS_SEEN, cameras, learners=order[half:], asked=order[:half])


def read_prid(folder: Path, split: int) -> Dataset:
    """89 persons to learn from, 89 to ask for, of the 178 with enough frames in both cameras, by the usual splits.

    Raises:
        DatasetError: if a folder or the splits are missing.
    """
    path = folder / PRID_SPLITS
    try:
        found = json.loads(path.read_text(encoding="utf-8"))[split]
        learners, asked = sorted(found["train"]), sorted(found["test"])
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise DatasetError(f"expected ten splits in {path}, found {error!r:.80}; the set is {PRID_LAYOUT}") from error
    return _dataset("prid2011", PRID_SEEN, _prid_cameras(folder), learners=learners, asked=asked)


def read_prid_200(folder: Path, split: int) -> Dataset:
    """100 persons to learn from, 100 to ask for, of all who are in both cameras (attribute-driven).

    Its splits were drawn at random and not published; ours are drawn from the number of the split.

    Raises:
        DatasetError: if a folder is missing.
    """
    persons = folder_names(_prid_cameras(folder)[0], PRID_LAYOUT)[:COMMON]
    order = np.random.default_rng(split).permutation(persons).tolist()
    half = len(order) // 2
    cameras = _prid_cameras(folder)
    return _dataset("prid2011-200", PRID_SEEN, cameras, learners=sorted(order[half:]), asked=sorted(order[:half]))


def _prid_cameras(folder: Path) -> tuple[Path, Path]:
    return folder / "prid_2011" / "multi_shot" / "cam_a", folder / "prid_2011" / "multi_shot" / "cam_b"


def _dataset(
    name: str, seen: str, cameras: tuple[Path, Path], *, learners: Sequence[str], asked: Sequence[str]
) -> Dataset:
    def of(persons: Sequence[str], *numbers: int) -> TrackletSet:
        return tracklet_set(_listed(cameras, person, number) for person in persons for number in numbers)

    return Dataset(name, seen, train=of(learners, 1, 2), query=of(asked, 1), gallery=of(asked, 2))


def _listed(cameras: tuple[Path, Path], person: str, number: int) -> Listed:
    folder = cameras[number - 1] / person
    if not folder.is_dir():
        raise DatasetError(f"expected the frames of a person in {folder}, found no folder: restore the set as it came")
    return Listed(_number(person), number, folder, image_names(folder))


def _number(person: str) -> int:
    """Of `person001` or `person_0001`."""
    digits = person.removeprefix("person").removeprefix("_")
    if not digits.isdigit():
        raise DatasetError(f"expected folders named like person001, found {person}: restore the set as it came")
    return int(digits)


PROTOCOL = "two-cameras"
"""A person has one tracklet in each camera, so that joining the queries to the gallery would only add wrong ones."""
ILIDS_SEQUENCES = Path("i-LIDS-VID") / "sequences"
ILIDS_SPLITS = Path("train-test people splits") / "train_test_splits_ilidsvid.mat"
ILIDS_LAYOUT = f"{ILIDS_SEQUENCES}/cam1/person001/*.png, cam2/ alike, and '{ILIDS_SPLITS}'"
ILIDS_SEEN = "iLIDS-VID (research use)"
PRID_SPLITS = "splits_prid2011.json"
PRID_LAYOUT = "prid_2011/multi_shot/cam_a/person_0001/*.png and cam_b/ alike"
PRID_SEEN = "PRID 2011 (research use)"
PRID_WHERE = "ask the Institute of Computer Graphics and Vision, TU Graz, for the multi-shot part"

DATASETS = {
    "ilids-vid": DatasetEntry(
        title="iLIDS-VID",
        layout=ILIDS_LAYOUT,
        where="ask the authors of Wang et al., ECCV 2014: Queen Mary University of London gives it out",
        licence="research use",
        holds="300 persons, 600 tracklets, 42,460 frames",
        read=read_ilids,
        splits=SPLITS,
        protocol=PROTOCOL,
    ),
    "prid2011": DatasetEntry(
        title="PRID 2011, the 178 persons with at least 27 frames in both cameras",
        layout=f"{PRID_LAYOUT}, and {PRID_SPLITS} with ten lists of train and test",
        where=PRID_WHERE,
        licence="research use",
        holds="178 persons, 89 to learn from in each split",
        read=read_prid,
        splits=SPLITS,
        protocol=PROTOCOL,
    ),
    "prid2011-200": DatasetEntry(
        title="PRID 2011, all 200 persons who are in both cameras",
        layout=PRID_LAYOUT,
        where=PRID_WHERE,
        licence="research use",
        holds="200 persons, 400 tracklets, 40,033 frames",
        read=read_prid_200,
        splits=SPLITS,
        protocol=PROTOCOL,
    ),
}
