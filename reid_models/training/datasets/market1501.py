"""Market-1501: single images, and the short tracklets that its file names hold.

Zheng et al., "Scalable Person Re-identification: A Benchmark", ICCV 2015. Names say person, camera, sequence, frame
(`0002_c1s1_000451_03.jpg`), so the training images of one person, camera and sequence, in order of their frames, are a
tracklet: 3541 of real people, on the campus where MARS was filmed.
"""

import re
from pathlib import Path

import numpy as np

from reid_models.ranking import DISTRACTOR, JUNK
from reid_models.training.datasets.attribute_files import (
    MARKET_ATTRIBUTES,
    MARS_ATTRIBUTES,
    with_market_attributes,
)
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.tracklets import Dataset, DatasetError, ImageFiles, TrackletSet

NAME = re.compile(
    r"(?P<person>-1|\d{4})_c(?P<camera>\d)s(?P<sequence>\d)_(?P<frame>\d{6})_(?P<box>\d{2})\.jpe?g(\.jpg)?"
)
TRAIN, QUERY, GALLERY = "bounding_box_train", "query", "bounding_box_test"
LEARNERS = 500
"""Persons of the training images to learn from, the first in ascending order of their numbers; the other 251 test."""


def read_images(folder: Path, _split: int) -> Dataset:
    """The official split, every image a tracklet of one frame: 12,936 to learn from, 3368 queries, 19,732 to search.

    Raises:
        DatasetError: if a folder is missing or holds no images with such names.
    """
    train, query, gallery = (with_market_attributes(_images(folder / name), folder) for name in (TRAIN, QUERY, GALLERY))
    return Dataset("market1501", SEEN, train.named(), query, gallery)


def read_tracklets(folder: Path, _split: int) -> Dataset:
    """The training images as tracklets: 500 persons to learn from, 251 to test.

    As in MARS, a query is one tracklet of each person and camera: the first sequence's. The gallery is all the others.

    Raises:
        DatasetError: if the folder holds no images with such names.
    """
    where = folder / TRAIN
    everybody = with_market_attributes(_tracklets(where if where.is_dir() else folder), folder)
    persons = np.unique(everybody.persons)
    learns = np.isin(everybody.persons, persons[:LEARNERS])
    test = everybody.some(~learns)
    # Rows are in order of person, camera and sequence.
    _, firsts = np.unique(np.stack([test.persons, test.cameras]), axis=1, return_index=True)
    is_query = np.zeros(len(test), bool)
    is_query[firsts] = True
    return Dataset("market1501-tracklets", SEEN, everybody.some(learns), test.some(is_query), test.some(~is_query))


def _images(folder: Path) -> TrackletSet:
    found = _found(folder)
    persons = np.array([person for person, *_ in found], np.int64)
    return TrackletSet(
        persons=np.where(persons == 0, DISTRACTOR, np.where(persons < 0, JUNK, persons)),
        cameras=np.array([camera for _, camera, *_ in found], np.int64),
        starts=np.arange(len(found)),
        lengths=np.ones(len(found), np.int64),
        frames=ImageFiles.of(path for *_, path in found),
    )


def _tracklets(folder: Path) -> TrackletSet:
    found = _found(folder)
    keys = np.array([(person, camera, sequence) for person, camera, sequence, *_ in found], np.int64)
    is_first = np.ones(len(found), bool)
    is_first[1:] = (keys[1:] != keys[:-1]).any(axis=1)
    starts = np.nonzero(is_first)[0].astype(np.int64)
    return TrackletSet(
        persons=keys[starts, 0],
        cameras=keys[starts, 1],
        starts=starts,
        lengths=np.diff(starts, append=len(found)),
        frames=ImageFiles.of(path for *_, path in found),
    ).named()


def _found(folder: Path) -> list[tuple[int, int, int, int, int, Path]]:
    """person, camera, sequence, frame, box and file, in that order."""
    if not folder.is_dir():
        raise DatasetError(f"expected {LAYOUT} at {folder}, found no folder; {WHERE}")
    found = []
    for path in folder.iterdir():
        if match := NAME.fullmatch(path.name):
            person, camera, sequence, frame, box = (int(number) for number in match.groups()[:5])
            found.append((person, camera, sequence, frame, box, path))
    if not found:
        raise DatasetError(f"expected images named like 0002_c1s1_000451_03.jpg in {folder}, found none; {WHERE}")
    return sorted(found)


SEEN = "Market-1501 (research use)"
LABELS = (
    f"; {MARKET_ATTRIBUTES} of Market-1501_Attribute, or {MARS_ATTRIBUTES} of MARS-Attribute, beside them, if there "
    "are to be attributes"
)
LAYOUT = f"{TRAIN}/, {QUERY}/ and {GALLERY}/ with images named like 0002_c1s1_000451_03.jpg{LABELS}"
WHERE = "ask the authors of Zheng et al., ICCV 2015, for it"

DATASETS = {
    "market1501": DatasetEntry(
        title="Market-1501, images",
        layout=LAYOUT,
        where=WHERE,
        licence="research use",
        holds="751 persons and 12,936 images to learn from, 3368 queries, 19,732 images to search",
        read=read_images,
    ),
    "market1501-tracklets": DatasetEntry(
        title="Market-1501, the training images as tracklets",
        layout=f"{TRAIN}/, or the images of {TRAIN} themselves{LABELS}",
        where=WHERE,
        licence="research use",
        holds="500 persons and 2360 tracklets to learn from, 1122 queries, 59 tracklets to search",
        read=read_tracklets,
    ),
}
