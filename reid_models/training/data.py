"""Labelled crops as training reads them: raw pixels in a file that is mapped, not decoded.

A folder of a set holds `crops.npy`, (N, H, W, 3) uint8 RGB or (N, H, W, 4) with a mask of the person, and `labels.npz`
with `persons` and `cameras`, (N,) int64, `margin`, and `trained_on`: what the crops are, for the cards of networks.
Several folders make one set, so a large one is made in parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from passerby_events.errors import PasserbyError
from reid_learning.checkpoint import UNKNOWN
from reid_models.tracklet_folder import read_clip, read_folder
from reid_models.training.tracklets import PackedFrames, TrackletSet
from reid_runtime.card import ClipSpec

Pixels = NDArray[np.uint8]
Ids = NDArray[np.int64]
CROPS, LABELS = "crops.npy", "labels.npz"


class CropSetError(PasserbyError):
    """A folder does not hold labelled crops; the message says in one line what it holds."""


@dataclass(frozen=True, slots=True, eq=False)
class CropSet:
    """Crops and whom they show.

    Attributes:
        parts: (n, H, W, 3 or 4) uint8 each, one after the other the N rows of the set; read from disk as they are used.
        persons: (N,) int64, 0 to K - 1.
        cameras: (N,) int64; of one person, equal numbers are one camera.
        margin: by how much a crop reaches over the person's box on each side, in sides of the crop.
        seen: name of each folder, and what it says of itself.
    """

    parts: tuple[Pixels, ...]
    persons: Ids
    cameras: Ids
    margin: float
    seen: tuple[str, ...] = ()

    @property
    def identities(self) -> int:
        """K."""
        return int(self.persons.max()) + 1

    @property
    def people(self) -> TrackletSet:
        """Each crop as a tracklet of one frame."""
        rows = np.arange(len(self.persons))
        return TrackletSet(self.persons, self.cameras, rows, np.ones_like(rows), PackedFrames(self.parts))

    def crops(self, rows: Ids) -> list[Pixels]:
        """(H, W, 3 or 4) each, in the order of the rows."""
        return PackedFrames(self.parts).read(rows)


def read_crop_set(folders: Sequence[Path]) -> CropSet:
    """The folders as one set; persons are numbered anew, in the order of their numbers.

    Raises:
        CropSetError: if a folder holds no set, or the sets differ in the form of their crops.
    """
    parts = [_read_part(folder) for folder in folders]
    forms = {(part.parts[0].shape[1:], part.margin) for part in parts}
    if len(forms) != 1:
        raise CropSetError(f"expected sets with crops of one size and margin, found {sorted(forms)}: make them alike")
    _, numbers = np.unique(np.concatenate([part.persons for part in parts]), return_inverse=True)
    return CropSet(
        parts=tuple(crops for part in parts for crops in part.parts),
        persons=numbers.astype(np.int64),
        cameras=np.concatenate([part.cameras for part in parts]),
        margin=parts[0].margin,
        seen=tuple(words for part in parts for words in part.seen),
    )


def write_crop_set(folder: Path, crop_set: CropSet, *, trained_on: str = UNKNOWN) -> None:
    """Writes a set that fits into memory, into one folder; `trained_on` says what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / CROPS, np.concatenate(crop_set.parts))
    np.savez(
        folder / LABELS,
        persons=crop_set.persons,
        cameras=crop_set.cameras,
        margin=crop_set.margin,
        trained_on=trained_on,
    )


def pack_tracklets(
    source: Path, folder: Path, *, height: int, width: int, most: int = 16, trained_on: str = UNKNOWN
) -> int:
    """Labelled tracklets in the layout of MARS -> a set, without those of nobody and of nobody's name.

    Args:
        source: folder of tracklets.
        folder: of the set.
        height, width: of its crops, pixels.
        most: crops of one tracklet, spread over it.
        trained_on: what they are: the set's name and licence.

    Returns:
        How many crops there are.
    """
    tracklets = [tracklet for tracklet in read_folder(source) if tracklet.is_named]
    clips = [read_clip(one, ClipSpec(min(most, len(one.files)), height, width)) for one in tracklets]
    counts = [len(clip) for clip in clips]
    persons = np.repeat([tracklet.person for tracklet in tracklets], counts).astype(np.int64)
    cameras = np.repeat([tracklet.camera for tracklet in tracklets], counts).astype(np.int64)
    write_crop_set(folder, CropSet(tuple(clips), persons, cameras, margin=0.0), trained_on=trained_on)
    return len(persons)


def _read_part(folder: Path) -> CropSet:
    try:
        crops = np.load(folder / CROPS, mmap_mode="r")
        with np.load(folder / LABELS) as labels:
            seen = f"{folder.resolve().name} ({labels.get('trained_on', UNKNOWN)})"
            found = CropSet((crops,), labels["persons"], labels["cameras"], float(labels["margin"]), (seen,))
    except (OSError, ValueError, KeyError) as error:
        raise CropSetError(f"expected {CROPS} and {LABELS} in {folder}, found {error}: render or pack a set") from error
    if crops.ndim != 4 or not len(crops) == len(found.persons) == len(found.cameras):
        shapes = f"crops {crops.shape}, persons {found.persons.shape}, cameras {found.cameras.shape}"
        raise CropSetError(f"expected rows that line up in {folder}, found {shapes}: make the set again")
    return found
