"""Tracklets that stand in folders as files: what every set without a table of its frames is read by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reid_models.training.tracklets import DatasetError, ImageFiles, TrackletSet

IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


@dataclass(frozen=True, slots=True)
class Listed:
    """One tracklet.

    Attributes:
        person: see `TrackletSet.persons`.
        camera: number of the camera.
        folder: that holds its frames.
        names: of its frames, in order of time.
    """

    person: int
    camera: int
    folder: Path
    names: Sequence[str]


def tracklet_set(listed: Iterable[Listed]) -> TrackletSet:
    """The tracklets side by side, in the order in which they come."""
    who: list[tuple[int, int, int]] = []
    names: list[bytes] = []
    folders: dict[Path, int] = {}
    rows: list[int] = []
    for each in listed:
        who.append((each.person, each.camera, len(each.names)))
        names += [name.encode() for name in each.names]
        rows.append(folders.setdefault(each.folder, len(folders)))
    table = np.array(who, np.int64).reshape(-1, 3)
    lengths = table[:, 2].copy()
    return TrackletSet(
        persons=table[:, 0].copy(),
        cameras=table[:, 1].copy(),
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        frames=ImageFiles(list(folders), np.repeat(np.array(rows, np.int32), lengths), np.array(names, np.bytes_)),
    )


def nobody(people: TrackletSet) -> TrackletSet:
    """None of the tracklets of a set."""
    return people.some(np.zeros(len(people), bool))


def image_names(folder: Path) -> list[str]:
    """The images of a folder, by name.

    Raises:
        DatasetError: if there are none.
    """
    names = sorted(path.name for path in _entries(folder) if path.suffix.lower() in IMAGES)
    if not names:
        raise DatasetError(f"expected images in {folder}, found none: restore them or take the folder out of the set")
    return names


def folder_names(folder: Path, layout: str) -> list[str]:
    """The folders in a folder, by name.

    Raises:
        DatasetError: if there are none; says what the set's layout is.
    """
    names = sorted(path.name for path in _entries(folder) if path.is_dir()) if folder.is_dir() else []
    if not names:
        raise DatasetError(f"expected folders in {folder}, found none; the set is {layout}")
    return names


def _entries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]
