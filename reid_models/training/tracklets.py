"""The record of every data set: tracklets, whom they show, and where their frames are; no pixels in memory.

A set of a million frames is a few arrays here. Frames are read when a batch wants them, from image files or from one
packed file, and `FrameStore` hides which.
"""

# N tracklets, M frames of all of them, A attributes

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from reid_models.ranking import DISTRACTOR, JUNK, Labelled

Ids = NDArray[np.int64]
Image = NDArray[np.uint8]


class DatasetError(PasserbyError):
    """A data set that is not there, or not laid out as it should be; the message says in one line what to do."""

    exit_code = 2


class FrameStore(Protocol):
    """Frames by their row."""

    def __len__(self) -> int:
        """M."""
        ...

    def read(self, rows: Ids) -> list[Image]:
        """(h, w, 3) uint8 RGB each, in the order of the rows.

        Raises:
            DatasetError: if one cannot be read; names the file.
        """
        ...


class ImageFiles:
    """Frames as image files: folders, and names kept as bytes, so that a million of them take 30 MB."""

    def __init__(self, folders: Sequence[Path], folder_rows: NDArray[np.integer], names: NDArray[np.bytes_]) -> None:
        """Takes where they are.

        Args:
            folders: that hold them.
            folder_rows: (M,), which of those holds each frame.
            names: (M,) of the files.
        """
        if folder_rows.shape != names.shape:
            raise ValueError(f"expected one folder a name, found {folder_rows.shape} and {names.shape}")
        self._folders = tuple(folders)
        self._folder_rows = folder_rows.astype(np.int32)
        self._names = names

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "ImageFiles":
        """The files as they come."""
        folders: dict[Path, int] = {}
        rows, names = [], []
        for path in paths:
            rows.append(folders.setdefault(path.parent, len(folders)))
            names.append(path.name.encode())
        return cls(list(folders), np.array(rows, np.int32), np.array(names, np.bytes_))

    def __len__(self) -> int:
        return len(self._names)

    def path(self, row: int) -> Path:
        """Of one frame."""
        folder: Path = self._folders[self._folder_rows[row]]
        name = bytes(self._names[row])
        return folder / name.decode()

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        return [read_image(self.path(row)) for row in rows.tolist()]


class PackedFrames:
    """Frames of one size in files that are mapped, not decoded: (m, h, w, 3) uint8 RGB each, one after the other."""

    def __init__(self, parts: Sequence[Image]) -> None:
        self._parts = tuple(parts)
        self._starts = np.cumsum([0, *(len(part) for part in parts)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def read(self, rows: Ids) -> list[Image]:
        """See `FrameStore.read`."""
        owners = np.searchsorted(self._starts, rows, side="right") - 1
        return [self._parts[part][row - self._starts[part]] for part, row in zip(owners, rows, strict=True)]


def read_image(path: Path) -> Image:
    """(h, w, 3) uint8 RGB.

    Raises:
        DatasetError: if it is no image.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        found = "something else" if path.is_file() else "nothing"
        raise DatasetError(f"expected an image at {path}, found {found}: restore it or take it out of the set")
    return np.asarray(image, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class TrackletSet:
    """Tracklets side by side.

    Attributes:
        persons: (N,) int64; `JUNK` of `reid_models.ranking` for nobody in full, `DISTRACTOR` for somebody of no name.
        cameras: (N,) int64.
        starts: (N,) int64, row of each tracklet's first frame in `frames`.
        lengths: (N,) int64, frames of each; they stand one after the other, in order of time.
        frames: where the pixels are.
        attributes: (N, A) float32 labels of the tracklets, 0 or 1, NaN where nothing is known; None where a set has
            none.
        attribute_names: A.
    """

    persons: Ids
    cameras: Ids
    starts: Ids
    lengths: Ids
    frames: FrameStore
    attributes: NDArray[np.float32] | None = None
    attribute_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.persons, self.cameras, self.starts, self.lengths)}
        if len(shapes) != 1 or self.persons.ndim != 1:
            raise ValueError(f"expected persons, cameras, starts and lengths (N,), found {sorted(shapes)}")
        if self.lengths.size and self.lengths.min() < 1:
            raise ValueError("expected tracklets of one frame or more, found one of none")
        if self.attributes is not None and self.attributes.shape != (len(self), len(self.attribute_names)):
            raise ValueError(f"attributes {self.attributes.shape} are not {len(self)} x {len(self.attribute_names)}")

    def __len__(self) -> int:
        return len(self.persons)

    @property
    def who(self) -> Labelled:
        """Persons and cameras, for ranking."""
        return Labelled(self.persons, self.cameras)

    @property
    def frame_count(self) -> int:
        """Of all tracklets."""
        return int(self.lengths.sum())

    def read(self, tracklet: int, indices: NDArray[np.integer]) -> list[Image]:
        """Frames of a tracklet, given by index within it; one that is asked for twice is read once."""
        wanted, places = np.unique(indices, return_inverse=True)
        images = self.frames.read((self.starts[tracklet] + wanted).astype(np.int64))
        return [images[place] for place in places.tolist()]

    def some(self, chosen: NDArray[np.integer] | NDArray[np.bool_]) -> "TrackletSet":
        """The chosen tracklets, over the same frames."""
        return TrackletSet(
            self.persons[chosen],
            self.cameras[chosen],
            self.starts[chosen],
            self.lengths[chosen],
            self.frames,
            None if self.attributes is None else self.attributes[chosen],
            self.attribute_names,
        )

    def labelled(self, attributes: NDArray[np.float32], names: tuple[str, ...]) -> "TrackletSet":
        """The same with attributes, (N, A)."""
        return replace(self, attributes=attributes, attribute_names=names)

    def named(self) -> "TrackletSet":
        """Those that show somebody whom other tracklets may show too."""
        return self.some((self.persons != JUNK) & (self.persons != DISTRACTOR))

    def classes(self) -> "TrackletSet":
        """The same with persons numbered from 0, in ascending order of their numbers: what a classifier tells apart."""
        _, numbers = np.unique(self.persons, return_inverse=True)
        return replace(self, persons=numbers.astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """What a network learns from and what it is asked.

    Attributes:
        name: in the catalogue of data sets.
        seen: what it is, for the cards of networks: name, licence.
        train: learnt from.
        query: each of its tracklets is searched for.
        gallery: what is searched. Where queries are tracklets of the test set, as in MARS, they are not in here: the
            protocol says whether they join it.
    """

    name: str
    seen: str
    train: TrackletSet
    query: TrackletSet
    gallery: TrackletSet

    def check(self) -> "Dataset":
        """Itself.

        Raises:
            DatasetError: if a person is both learnt from and asked for, or searched.
        """
        asked = np.union1d(self.query.named().persons, self.gallery.named().persons)
        both = np.intersect1d(self.train.named().persons, asked)
        if both.size:
            raise DatasetError(
                f"{self.name}: expected other persons in test than in train, found {both.size} in both, the first one "
                f"{both[0]}: split the set by persons"
            )
        return self
