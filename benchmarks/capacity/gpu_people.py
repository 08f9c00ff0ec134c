"""Rendered parts as two sets: people to learn from, and others to ask for.

    python -m benchmarks.capacity.gpu_people PEOPLE PART...

In a set of rendered people every fifth one is asked for, by its number (`datasets.rendered`). Here whole parts are:
persons get numbers by which everybody in PEOPLE/learnt is learnt from and everybody in PEOPLE/asked is asked for, so
that recipes which learn from crops, and know no such rule, see nobody who is asked for either.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from reid_models.training.data import CROPS, LABELS, Ids, read_crop_set
from reid_models.training.datasets.rendered import ASKED

LEARNT_FOLDER, ASKED_FOLDER = "learnt", "asked"
PARTS_PER_ASKED = 5
"""One part of so many is asked for."""


def main(argv: Sequence[str]) -> int:
    folder, *parts = map(Path, argv)
    share_out(parts, folder)
    return 0


def share_out(parts: Sequence[Path], folder: Path) -> None:
    """Makes both sets.

    Args:
        parts: two or more sets that `render` wrote, whose persons' numbers differ.
        folder: of the two.
    """
    asked = max(1, len(parts) // PARTS_PER_ASKED)
    _join(parts[asked:], folder / LEARNT_FOLDER, to_learn_from)
    _join(parts[:asked], folder / ASKED_FOLDER, to_ask_for)


def to_learn_from(persons: Ids) -> Ids:
    """Other numbers for 0, 1, 2...: in the same order, none of those that are asked for."""
    return persons // (ASKED - 1) * ASKED + persons % (ASKED - 1)


def to_ask_for(persons: Ids) -> Ids:
    """Numbers that are asked for."""
    return persons * ASKED + ASKED - 1


def _join(parts: Sequence[Path], folder: Path, numbered: Callable[[Ids], Ids]) -> None:
    """Crops are copied part by part: they may not fit into memory. Labels come last: they say that a set is whole."""
    crops = read_crop_set(parts)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (len(crops.persons), *crops.parts[0].shape[1:])
    copy = np.lib.format.open_memmap(folder / CROPS, mode="w+", dtype=np.uint8, shape=shape)
    start = 0
    for part in crops.parts:
        copy[start : start + len(part)] = part
        start += len(part)
    copy.flush()
    np.savez(
        folder / LABELS,
        persons=numbered(crops.persons),
        cameras=crops.cameras,
        margin=crops.margin,
        trained_on="simulated people",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
