"""Rendered pieces as one set of people, and those of them that are learnt from as another.

    python -m benchmarks.capacity.gpu_people PEOPLE PIECE...

As tracklets, every fifth person of a set is asked for (`datasets.rendered`). Recipes that learn from crops know no such
rule: PEOPLE/learnt is PEOPLE/everybody without those, so that they see nobody either who is asked for.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_models.training.data import CROPS, LABELS, CropSet, read_crop_set
from reid_models.training.datasets.rendered import ASKED

EVERYBODY, LEARNT = "everybody", "learnt"


def main(argv: Sequence[str]) -> int:
    folder, *pieces = map(Path, argv)
    put_together(pieces, folder)
    return 0


def put_together(pieces: Sequence[Path], folder: Path) -> None:
    """Makes both sets.

    Args:
        pieces: sets that `render` wrote, whose persons' numbers differ.
        folder: of the two.
    """
    crops = read_crop_set(pieces)
    _copy(crops, np.ones(len(crops.persons), bool), folder / EVERYBODY)
    _copy(crops, crops.persons % ASKED != ASKED - 1, folder / LEARNT)


def _copy(crops: CropSet, is_taken: NDArray[np.bool_], folder: Path) -> None:
    """Piece by piece: they may not fit into memory. Labels come last: they say that a set is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    shape = (int(is_taken.sum()), *crops.parts[0].shape[1:])
    copy = np.lib.format.open_memmap(folder / CROPS, mode="w+", dtype=np.uint8, shape=shape)
    ends = np.cumsum([len(pixels) for pixels in crops.parts])
    start = 0
    for pixels, taken in zip(crops.parts, np.split(is_taken, ends[:-1]), strict=True):
        rows = pixels[taken]
        copy[start : start + len(rows)] = rows
        start += len(rows)
    copy.flush()
    np.savez(
        folder / LABELS,
        persons=crops.persons[is_taken],
        cameras=crops.cameras[is_taken],
        margin=crops.margin,
        trained_on="simulated people",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
