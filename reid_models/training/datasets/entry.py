"""What a data set says of itself for the catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reid_models.training.tracklets import Dataset


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """
    Attributes:
        title: of the set and its paper.
        layout: what `read` expects below its folder.
        where: who gives it out.
        licence: under which terms.
        holds: how many persons and tracklets there are, as the official set has them.
        read: (folder, split) -> the set; raises `DatasetError`.
        splits: how many splits there are to average over.
        protocol: the only one that fits the set; None: the recipe says.
    """

    title: str
    layout: str
    where: str
    licence: str
    holds: str
    read: Callable[[Path, int], Dataset]
    splits: int = 1
    protocol: str | None = None
