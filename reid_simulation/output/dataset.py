"""A data set of tracklets in the layout of MARS, of any size, whose every label is known.

bbox_train/0001/0001C1T0001F001.jpg   person, camera, tracklet of that person, crop; bbox_test/ alike, and in it
bbox_test/0000/                       distractors: people whom nobody looks for
info/                                 the tables of MARS: names, tracklets, queries
tracklets.csv, attributes.csv         how much of each tracklet is to be seen; what each person looks like
"""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from reid_simulation.output.crops import Crop, CropParams, Studio
from reid_simulation.people.figure import Figure
from reid_simulation.people.people import Population, attributes

Split = Literal["train", "test"]
DISTRACTOR = 0
"""The person that MARS gives to people whom nobody looks for."""
OCCLUDED_BELOW = 0.75
"""A tracklet is occluded if a crop of it shows less of the person than this."""
NEIGHBOURS = 6
"""Others in the images have one of the next numbers, so that few people are in memory."""
JPEG_QUALITY = 92
TRACKLET_HEADER = ("split", "person", "camera", "tracklet", "crops", "visibility", "is_occluded", "is_query")


@dataclass(frozen=True, slots=True)
class TrackletSetParams:
    """
    Attributes:
        persons: in train and test together, the first half of them for training.
        cameras: who sees each of them, at most nine.
        most_tracklets: of a person in one camera; at least one.
        crops: in a tracklet.
        distractors: people more, beside each person of the test half.
        style: of clothes; see `people.Population`.
        look_alikes: share of people dressed like others.
        height, width: of crops in pixels.
        seed: of everything.
    """

    persons: int = 100
    cameras: int = 6
    most_tracklets: int = 2
    crops: int = 8
    distractors: float = 0.25
    style: str = "any"
    look_alikes: float = 0.1
    height: int = 256
    width: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if self.persons < 2 or not 2 <= self.cameras <= 9 or self.most_tracklets < 1 or self.crops < 1:
            raise ValueError(
                "expected at least 2 persons, 2 to 9 cameras, and tracklets and crops of at least 1, "
                f"found {self.persons}, {self.cameras}, {self.most_tracklets} and {self.crops}"
            )
        self.population()

    @property
    def in_training(self) -> int:
        return self.persons // 2

    @property
    def people(self) -> int:
        """Persons and distractors."""
        return self.persons + round(self.distractors * (self.persons - self.in_training))

    def population(self) -> Population:
        """Who they are."""
        return Population(self.seed, style=self.style, look_alikes=self.look_alikes)


@dataclass(frozen=True, slots=True)
class Written:
    """One tracklet on disk.

    Attributes:
        split: whose half.
        person: as it is labelled; `DISTRACTOR` for several people.
        camera, tracklet: from 1; the tracklets of a label are numbered through.
        names: of its files.
        visibility: of the crop that shows least.
        identity: number of the person in truth.
    """

    split: Split
    person: int
    camera: int
    tracklet: int
    names: tuple[str, ...]
    visibility: float
    identity: int


class TrackletMaker:
    """Renders the tracklets of a set, person by person; the same ones whoever else renders others."""

    def __init__(self, params: TrackletSetParams, folder: Path) -> None:
        population = params.population()
        crops = CropParams(height=params.height, width=params.width, cameras=params.cameras, seed=params.seed)
        self._params = params
        self._folder = folder
        self._studio = Studio(lambda number, detail: Figure(population.identity(number), detail), crops)

    def write(self, number: int) -> list[Written]:
        """Renders all tracklets of one of the people, by number from 1."""
        params = self._params
        rng = np.random.Generator(np.random.PCG64([params.seed, number]))
        others = [other for other in range(number + 1, number + 1 + NEIGHBOURS) if other <= params.people]
        written: list[Written] = []
        for camera in range(1, params.cameras + 1):
            for _ in range(int(rng.integers(1, params.most_tracklets + 1))):
                crops = self._studio.tracklet(rng, number, camera=camera - 1, count=params.crops, others=others)
                if crops:
                    written.append(self._write(number, camera, len(written) + 1, crops))
        return written

    def _write(self, number: int, camera: int, tracklet: int, crops: Sequence[Crop]) -> Written:
        params = self._params
        split: Split = "train" if number <= params.in_training else "test"
        is_distractor = number > params.persons
        person = DISTRACTOR if is_distractor else number
        if is_distractor:
            tracklet += (number - params.persons - 1) * params.cameras * params.most_tracklets
        stem = f"{person:04d}C{camera}T{tracklet:04d}"
        folder = self._folder / f"bbox_{split}" / f"{person:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        names = tuple(f"{stem}F{frame:03d}.jpg" for frame in range(1, len(crops) + 1))
        for name, crop in zip(names, crops, strict=True):
            image = cv2.cvtColor(crop.image, cv2.COLOR_RGB2BGR)
            _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            (folder / name).write_bytes(coded.tobytes())
        visibility = min(crop.visibility for crop in crops)
        return Written(split, person, camera, tracklet, names, visibility, number)


def write_tables(folder: Path, params: TrackletSetParams, written: Iterable[Written]) -> None:
    """Writes the tables of a set whose tracklets are there."""
    ordered = sorted(written, key=lambda each: (each.split, each.person, each.camera, each.tracklet))
    by_split = {split: [each for each in ordered if each.split == split] for split in ("train", "test")}
    (folder / "info").mkdir(parents=True, exist_ok=True)
    for split, tracklets in by_split.items():
        names = [name for each in tracklets for name in each.names]
        (folder / "info" / f"{split}_name.txt").write_text("".join(f"{name}\n" for name in names), encoding="ascii")
        savemat(folder / "info" / f"tracks_{split}_info.mat", {f"track_{split}_info": _ranges(tracklets)})
    queries = _queries(by_split["test"])
    savemat(folder / "info" / "query_IDX.mat", {"query_IDX": np.array([queries], np.int32)})
    asked = {id(by_split["test"][row - 1]) for row in queries}
    _write_tracklets(folder / "tracklets.csv", ordered, asked)
    _write_attributes(folder / "attributes.csv", params)


def _ranges(tracklets: Sequence[Written]) -> NDArray[np.int32]:
    """(N, 4): first and last line in the list of names, from 1; person and camera."""
    lengths = np.array([len(each.names) for each in tracklets], np.int32)
    last = np.cumsum(lengths)
    labels = np.array([(each.person, each.camera) for each in tracklets], np.int32).reshape(-1, 2)
    return np.column_stack((last - lengths + 1, last, labels)).astype(np.int32)


def _queries(tracklets: Sequence[Written]) -> list[int]:
    """Rows from 1: the first tracklet of each person in each camera, where another camera has one too."""
    cameras: dict[int, set[int]] = {}
    for each in tracklets:
        cameras.setdefault(each.person, set()).add(each.camera)
    seen: set[tuple[int, int]] = set()
    rows = []
    for row, each in enumerate(tracklets, start=1):
        key = (each.person, each.camera)
        if each.person != DISTRACTOR and len(cameras[each.person]) > 1 and key not in seen:
            rows.append(row)
        seen.add(key)
    return rows


def _write_tracklets(path: Path, tracklets: Sequence[Written], queries: set[int]) -> None:
    with path.open("w", encoding="ascii", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TRACKLET_HEADER)
        for each in tracklets:
            is_occluded = int(each.visibility < OCCLUDED_BELOW)
            row = (each.split, each.person, each.camera, each.tracklet, len(each.names), f"{each.visibility:.3f}")
            writer.writerow((*row, is_occluded, int(id(each) in queries)))


def _write_attributes(path: Path, params: TrackletSetParams) -> None:
    population = params.population()
    rows = [{"person": number, **attributes(population.identity(number))} for number in range(1, params.persons + 1)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
