"""DukeMTMC-VideoReID: a folder for each tracklet.

Wu, Lin et al., "Exploit the Unknown Gradually", CVPR 2018. The usual loaders ask for frames F0001, F0002, ... by number
and lose the last ones of tracklets that begin with F0002; here a folder's images are its frames.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.listing import Listed, folder_names, image_names, tracklet_set
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

NAME = re.compile(r"(?P<person>\d{4})_?C(?P<camera>\d)_?F(?P<frame>\d{4})_?[XD](?P<video_frame>\d+)\.jpe?g")
"""`0001_C6_F0099_X30823.jpg`, in the first release `0001C6F0099X30823.jpg`."""
DENSE = 32
"""Frames of a chunk that TKP learns from."""


def read(folder: Path, _split: int) -> Dataset:
    """The official split. Each query is in the gallery too, where its own camera's rule passes over it.

    Raises:
        DatasetError: if a folder is missing, empty, or its images have other names.
    """
    train, query, gallery = (tracklet_set(listed(_found(folder / side))) for side in ("train", "query", "gallery"))
    return Dataset("duke-video", SEEN, train, query, gallery)


def read_dense(folder: Path, split: int) -> Dataset:
    """The same, with what is learnt from cut into chunks of 32 frames, as TKP has it."""
    whole = read(folder, split)
    return replace(whole, name="duke-video-dense", train=in_chunks(whole.train, DENSE))


def in_chunks(people: TrackletSet, frames: int) -> TrackletSet:
    """Each tracklet as chunks of so many frames; the last one of a tracklet takes the remainder."""
    chunks = np.maximum(1, people.lengths // frames)
    owners = np.repeat(np.arange(len(people)), chunks)
    numbers = np.arange(len(owners)) - np.repeat(np.cumsum(chunks) - chunks, chunks)
    is_last = numbers == chunks[owners] - 1
    cut = people.some(owners)
    lengths = np.where(is_last, people.lengths[owners] - numbers * frames, frames)
    return replace(cut, starts=cut.starts + numbers * frames, lengths=lengths)


def listed(found: Iterable[tuple[Path, list[str]]]) -> Iterator[Listed]:
    """Tracklets from their folders and the names in them.

    Raises:
        DatasetError: if a name is another.
    """
    for folder, names in found:
        match = NAME.fullmatch(names[0])
        if match is None:
            raise DatasetError(f"expected names like 0001_C6_F0099_X30823.jpg, found {folder / names[0]}; {WHERE}")
        yield Listed(int(match["person"]), int(match["camera"]), folder, names)


def _found(side: Path) -> Iterator[tuple[Path, list[str]]]:
    for person in folder_names(side, LAYOUT):
        for tracklet in folder_names(side / person, LAYOUT):
            yield side / person / tracklet, image_names(side / person / tracklet)


SEEN = "DukeMTMC-VideoReID (CC BY-NC-SA 4.0; withdrawn)"
LAYOUT = "train/, query/ and gallery/, in each ID/TRACKLET/0001_C6_F0099_X30823.jpg, or names without underlines"
WHERE = "Duke withdrew the set in 2019: ask the authors of Wu et al., CVPR 2018"
HOLDS = "702 persons and 2196 tracklets to learn from, 702 queries, 2636 tracklets of 1110 persons to search"

DATASETS = {
    "duke-video": DatasetEntry(
        title="DukeMTMC-VideoReID", layout=LAYOUT, where=WHERE, licence="CC BY-NC-SA 4.0", holds=HOLDS, read=read
    ),
    "duke-video-dense": DatasetEntry(
        title="DukeMTMC-VideoReID, in chunks of 32 frames to learn from (TKP)",
        layout=LAYOUT,
        where=WHERE,
        licence="CC BY-NC-SA 4.0",
        holds=HOLDS,
        read=read_dense,
    ),
}
