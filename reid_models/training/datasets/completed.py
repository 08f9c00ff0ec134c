"""A set that `reid-train complete` wrote: three folders in the layout of MARS, and a card."""

import json
from pathlib import Path

from reid_models.tracklet_folder import read_folder
from reid_models.training.datasets.entry import DatasetEntry
from reid_models.training.datasets.folder import tracklet_set
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet

SIDES = ("train", "query", "gallery")
CARD = "card.json"


def read(folder: Path, _split: int) -> Dataset:
    """The set, under the name of the one that it was made of.

    Raises:
        DatasetError: if it has no card, as one that was stopped while it was written.
        TrackletFolderError: if a side is missing.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        name, seen = str(card["data"]), f"{card['seen']}, completed"
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"expected {CARD} of a whole set in {folder}, found none: complete the set") from error
    train, query, gallery = (_side(folder / side) for side in SIDES)
    return Dataset(name, seen, train.named(), query, gallery)


def _side(folder: Path) -> TrackletSet:
    """Of a side that the set was made without there is no folder."""
    return tracklet_set(read_folder(folder) if folder.is_dir() else [])


DATASETS = {
    "completed": DatasetEntry(
        title="a set whose hidden parts were made up (VRSTC)",
        layout=f"{', '.join(SIDES)}, each <person>/<person>C<camera>T<tracklet>F<frame>.jpg, and {CARD}",
        where="`reid-train complete` writes it",
        licence="that of the set that it was made of",
        holds="what that set holds, at one size",
        read=read,
    )
}
