"""Data sets in miniature, laid out as their authors do, with images of one colour."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat


def image(path: Path) -> None:
    """A small one; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 4, 3), 90, np.uint8))


MARS_TRAIN = (("0001", 1, 1, 3), ("0001", 2, 2, 2), ("0003", 1, 1, 4))
MARS_TEST = (("00-1", 1, 1, 2), ("0000", 3, 1, 2), ("0000", 4, 2, 1), ("0002", 1, 1, 2), ("0002", 2, 2, 3))
MARS_QUERIES = (4, 5)
"""Rows of the test, from 1."""
MARS_ATTRIBUTES = (
    "person-id,camera,tracklet,Tops.c,Bottoms.c,Age,Tops.l,Bottoms.l,shoulder bag,backpack,hat,handbag,hair,gender,"
    "Bottoms.t"
)
"""First line of MARS-Attribute's file."""


def mars(folder: Path, *, has_lists: bool = True) -> Path:
    """MARS: rows of id, camera, tracklet and frames."""
    for side, rows in (("train", MARS_TRAIN), ("test", MARS_TEST)):
        names: list[str] = []
        table: list[tuple[int, int, int, int]] = []
        for person, camera, tracklet, frames in rows:
            table.append((len(names) + 1, len(names) + frames, int(person.replace("00-", "-")), camera))
            own = [f"{person}C{camera}T{tracklet:04d}F{frame:03d}.jpg" for frame in range(1, frames + 1)]
            for name in own:
                image(folder / f"bbox_{side}" / person / name)
            names += own
        (folder / "info").mkdir(exist_ok=True)
        if has_lists:
            (folder / "info" / f"{side}_name.txt").write_text("".join(f"{name}\r\n" for name in names))
        savemat(folder / "info" / f"tracks_{side}_info.mat", {f"track_{side}_info": np.array(table, np.int32)})
    savemat(folder / "info" / "query_IDX.mat", {"query_IDX": np.array([MARS_QUERIES], np.uint16)})
    return folder


def duke(folder: Path, *, has_underlines: bool = True) -> Path:
    """DukeMTMC-VideoReID: the query's tracklet begins with F0002."""
    rows = (("train", 1, 2, 1, 3), ("query", 2, 1, 2, 3), ("gallery", 2, 1, 2, 3), ("gallery", 2, 5, 1, 2))
    gap = "_" if has_underlines else ""
    for number, (side, person, camera, first, frames) in enumerate(rows, start=1):
        for frame in range(first, first + frames):
            name = gap.join((f"{person:04d}", f"C{camera}", f"F{frame:04d}", f"X{12 * frame}"))
            image(folder / side / f"{person:04d}" / f"{number:04d}" / f"{name}.jpg")
    return folder


def ilids(folder: Path, persons: Sequence[int] = (1, 2, 4, 319)) -> Path:
    """iLIDS-VID: split 0 has the persons in reverse order."""
    for camera in (1, 2):
        for person in persons:
            for frame in (2519, 998):
                path = folder / "i-LIDS-VID" / "sequences" / f"cam{camera}" / f"person{person:03d}"
                image(path / f"cam{camera}_person{person:03d}_{frame:05d}.png")
    table = np.stack([np.roll(np.arange(len(persons), 0, -1), split) for split in range(10)])
    splits = folder / "train-test people splits"
    splits.mkdir(exist_ok=True)
    savemat(splits / "train_test_splits_ilidsvid.mat", {"ls_set": table.astype(np.float64)})
    return folder


def prid(folder: Path, persons: Sequence[int], *, frames: int = 1) -> Path:
    """PRID 2011 without its splits."""
    for camera in ("cam_a", "cam_b"):
        for person in persons:
            for frame in range(1, frames + 1):
                image(folder / "prid_2011" / "multi_shot" / camera / f"person_{person:04d}" / f"{frame:04d}.png")
    return folder


def market_attributes(path: Path, persons: Sequence[tuple[str, Sequence[str]]], columns: dict[str, list[int]]) -> None:
    """Market-1501_Attribute: for each side its persons; columns go over both sides' persons."""
    sides: dict[str, dict[str, NDArray[np.generic]]] = {}
    first = 0
    for side, numbers in persons:
        own = {name: np.array(values[first : first + len(numbers)], float) for name, values in columns.items()}
        sides[side] = {**own, "image_index": np.array(list(numbers), object)}
        first += len(numbers)
    savemat(path, {"market_attribute": sides})
