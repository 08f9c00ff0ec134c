"""Labels of what people have on, from files that lie beside a set: MARS's by tracklet, Market-1501's and those of
simulated people by person.

What is told apart by more than two values (colours, ages) is a label of yes or no for each value, so that 12 columns of
MARS are its 32 attributes. Both sets share their persons, and so Market's labels fit MARS too.
"""

# N tracklets, A attributes, R rows of a file

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from reid_models.architectures.attribute_groups import RAP_GROUPS
from reid_models.training.tracklets import DatasetError, Ids, TrackletSet

MARS_ATTRIBUTES, MARKET_ATTRIBUTES, SIMULATED = "mars_attributes.csv", "market_attribute.mat", "attributes.csv"
"""Their names in the folder of a set; where they are, its tracklets have attributes."""
KEY = ("person-id", "camera", "tracklet")
"""Columns of MARS's file that say which tracklet."""
PERSON = "image_index"
"""Of Market-1501's file, which labels persons."""
Columns = dict[str, Ids]
AGES = ("AgeYoung", "AgeTeenager", "AgeAdult", "AgeOld")


@dataclass(frozen=True, slots=True)
class Choice:
    """A column of a file.

    Attributes:
        column: its name.
        names: of its values, in ascending order; of a yes or no the label alone, which is the higher value.
    """

    column: str
    names: tuple[str, ...]

    @property
    def values(self) -> int:
        """How many there are."""
        return max(2, len(self.names))


def _yes(**columns: str) -> tuple[Choice, ...]:
    return tuple(Choice(column.replace("_", " "), (label,)) for column, label in columns.items())


def _coloured(part: str, colours: str) -> tuple[str, ...]:
    return tuple(f"{part}{colour}" for colour in colours.split())


# In the order of the groups of `reid_models.architectures.attribute_groups`.
MARS_CHOICES = (
    *_yes(gender="Female"),
    Choice("Age", AGES),
    *_yes(hair="LongHair", hat="Hat"),
    Choice("Tops.l", ("ShortSleeve",)),
    Choice("Tops.c", _coloured("Up", "Black Purple Green Blue Gray White Yellow Red Mixture")),
    Choice("Bottoms.l", ("ShortBottoms",)),
    Choice("Bottoms.t", ("Trousers",)),
    Choice("Bottoms.c", _coloured("Down", "White Purple Black Green Gray Pink Yellow Blue Brown Mixture")),
    *_yes(backpack="Backpack", shoulder_bag="ShoulderBag", handbag="HandBag"),
)
"""MARS-Attribute's, from 0. Which of a yes or no is 1 is Market-1501's higher value: its authors took those labels
over."""
MARKET_CHOICES = (
    *_yes(gender="Female"),
    Choice("age", AGES),
    *_yes(hair="LongHair", hat="Hat", up="ShortSleeve"),
    *(_yes(**{name.lower(): name})[0] for name in _coloured("Up", "Black White Red Purple Yellow Gray Blue Green")),
    *_yes(down="ShortBottoms", clothes="Trousers"),
    *(
        _yes(**{name.lower(): name})[0]
        for name in _coloured("Down", "Black White Pink Purple Yellow Gray Blue Green Brown")
    ),
    *_yes(backpack="Backpack", bag="ShoulderBag", handbag="HandBag"),
)
"""Market-1501_Attribute's, from 1: 27 columns."""


def with_mars_attributes(people: TrackletSet, numbers: Ids, folder: Path) -> TrackletSet:
    """The set with the labels of each tracklet; NaN where the file has none, as for distractors and junk.

    Args:
        people: of MARS.
        numbers: (N,), of each tracklet among those of its person.
        folder: of the set.

    Raises:
        DatasetError: if the file is not MARS-Attribute's.
    """
    path = folder / MARS_ATTRIBUTES
    table = _table(path)
    keys = np.stack([table[column] for column in KEY], axis=1)
    rows = _places(keys, np.stack([people.persons, people.cameras, numbers], axis=1))
    return _with(people, _labels(table, MARS_CHOICES, path, first=0), rows, _names(MARS_CHOICES))


def with_market_attributes(people: TrackletSet, folder: Path) -> TrackletSet:
    """The set with the labels of each person, NaN where the file has none; without a file the set as it is.

    Of Market-1501_Attribute; or, where there is only MARS-Attribute, whose persons have the same numbers, those that
    most of a person's tracklets have.

    Args:
        people: of Market-1501 or MARS.
        folder: of the set.

    Raises:
        DatasetError: if a file is not what its name says.
    """
    path, of_mars = folder / MARKET_ATTRIBUTES, folder / MARS_ATTRIBUTES
    if path.is_file():
        table = _market(path)
        persons, labels = table[PERSON], _labels(table, MARKET_CHOICES, path, first=1)
        names = _names(MARKET_CHOICES)
    elif of_mars.is_file():
        table = _table(of_mars)
        persons, labels = _most(table[KEY[0]], _labels(table, MARS_CHOICES, of_mars, first=0))
        names = _names(MARS_CHOICES)
    else:
        return people
    return _with(people, labels, _places(persons[:, None], people.persons[:, None]), names)


def with_simulated_attributes(people: TrackletSet, folder: Path) -> TrackletSet:
    """The set with RAP's labels of each person, NaN where simulated people have none (of bags and shoes, some).

    Args:
        people: of a set that `reid-pipeline simulate-tracklets` wrote.
        folder: of the set.

    Raises:
        DatasetError: if the file is another.
    """
    path = folder / SIMULATED
    names = tuple(name for group in RAP_GROUPS for name in group.attributes)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        persons = np.array([line["person"] for line in lines]).astype(np.int64)
        labels = np.array([[float(line.get(name, "nan")) for name in names] for line in lines], np.float32)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"expected labels of persons in {path}, found {error!r:.80}: simulate the set again"
        ) from error
    return _with(people, labels, _places(persons[:, None], people.persons[:, None]), names)


def _table(path: Path) -> Columns:
    """(R,) each."""
    try:
        with path.open(encoding="utf-8") as file:
            header = [name.strip() for name in file.readline().split(",")]
            found = np.loadtxt(file, np.int64, delimiter=",", ndmin=2)
    except (OSError, ValueError) as error:
        raise DatasetError(f"expected a table of whole numbers at {path}, found {error}: take the authors'") from error
    wanted = {*KEY, *(choice.column for choice in MARS_CHOICES)}
    if missing := sorted(wanted - set(header)):
        raise DatasetError(f"expected the columns {', '.join(missing)} in {path}, found none: take the authors'")
    return dict(zip(header, found.T, strict=True))


def _market(path: Path) -> Columns:
    """(R,) each, those of the training persons above those of the test."""
    try:
        both = loadmat(path, simplify_cells=True)["market_attribute"]
        sides: list[dict[str, Any]] = [both[side] for side in ("train", "test")]
        names = (PERSON, *(choice.column for choice in MARKET_CHOICES))
        return {name: np.concatenate([np.atleast_1d(side[name]) for side in sides]).astype(np.int64) for name in names}
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise DatasetError(f"expected market_attribute in {path}, found {error!r:.80}: take the authors'") from error


def _labels(table: Columns, choices: tuple[Choice, ...], path: Path, *, first: int) -> NDArray[np.float32]:
    """(R, A) of 0 and 1; `first` is the lowest value of every column."""
    parts = []
    for choice in choices:
        found, allowed = table[choice.column], first + np.arange(choice.values)
        if not np.isin(found, allowed).all():
            odd = found[~np.isin(found, allowed)][0]
            raise DatasetError(f"{path}: expected {choice.column} from {allowed[0]} to {allowed[-1]}, found {odd}")
        parts.append(found[:, None] == allowed[-len(choice.names) :])
    return np.concatenate(parts, axis=1).astype(np.float32)


def _most(persons: Ids, labels: NDArray[np.float32]) -> tuple[Ids, NDArray[np.float32]]:
    """Each person once, with what at least half of the rows say."""
    found, rows, counts = np.unique(persons, return_inverse=True, return_counts=True)
    sums = np.zeros((len(found), labels.shape[1]), np.float32)
    np.add.at(sums, rows, labels)
    return found, (2 * sums >= counts[:, None]).astype(np.float32)


def _places(keys: Ids, wanted: Ids) -> Ids:
    """(N,), the row of each wanted key among the keys, -1 where it is not there."""
    rows = {tuple(key): row for row, key in enumerate(keys.tolist())}
    return np.array([rows.get(tuple(key), -1) for key in wanted.tolist()], np.int64)


def _names(choices: tuple[Choice, ...]) -> tuple[str, ...]:
    return tuple(name for choice in choices for name in choice.names)


def _with(people: TrackletSet, labels: NDArray[np.float32], rows: Ids, names: tuple[str, ...]) -> TrackletSet:
    known = np.concatenate([labels, np.full((1, len(names)), np.nan, np.float32)])
    return people.labelled(known[rows], names)
