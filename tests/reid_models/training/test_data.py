from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_models.training.data import CropSet, CropSetError, pack_tracklets, read_crop_set, write_crop_set
from testing.coloured_people import coloured_people


def test_a_set_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = coloured_people(3, 4)
    write_crop_set(tmp_path, written)
    found = read_crop_set([tmp_path])
    assert np.array_equal(found.crops(np.arange(12)), written.parts[0])
    assert np.array_equal(found.persons, written.persons)
    assert np.array_equal(found.cameras, written.cameras)
    assert (found.margin, found.identities) == (0.05, 3)


def test_several_folders_are_one_set_with_persons_numbered_anew(tmp_path: Path) -> None:
    for number in range(2):
        people = coloured_people(3, 4, seed=number)
        renamed = CropSet(people.parts, people.persons * 10 + 100 * number, people.cameras, people.margin)
        write_crop_set(tmp_path / str(number), renamed)
    found = read_crop_set([tmp_path / "0", tmp_path / "1"])
    assert found.persons.tolist() == [person for person in range(6) for _ in range(4)]
    rows = np.array([13, 2, 23])
    expected = [coloured_people(3, 4, seed=seed).parts[0][row] for seed, row in ((1, 1), (0, 2), (1, 11))]
    assert np.array_equal(found.crops(rows), expected)


def test_sets_of_two_forms_do_not_mix(tmp_path: Path) -> None:
    write_crop_set(tmp_path / "tall", coloured_people(2, 2))
    write_crop_set(tmp_path / "small", coloured_people(2, 2, height=20, width=10))
    with pytest.raises(CropSetError, match="expected sets with crops of one size and margin"):
        read_crop_set([tmp_path / "tall", tmp_path / "small"])


def test_a_folder_without_a_set_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(CropSetError, match=r"expected crops\.npy and labels\.npz in"):
        read_crop_set([tmp_path])


def test_rows_that_do_not_line_up_are_refused(tmp_path: Path) -> None:
    people = coloured_people(2, 2)
    write_crop_set(tmp_path, CropSet(people.parts, people.persons[:-1], people.cameras, 0.0))
    with pytest.raises(CropSetError, match="expected rows that line up"):
        read_crop_set([tmp_path])


def test_tracklets_in_the_layout_of_mars_become_a_set_without_nobody(tmp_path: Path) -> None:
    for name in (
        "0002C1T0001F001",
        "0002C1T0001F002",
        "0002C3T0001F001",
        "0007C2T0001F001",
        "00-1C2T0001F001",
        "0000C2T0001F001",
    ):
        folder = tmp_path / "mars" / name[:4]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{name}.jpg"), np.full((16, 8, 3), 77, np.uint8))
    assert pack_tracklets(tmp_path / "mars", tmp_path / "set", height=32, width=16) == 4
    found = read_crop_set([tmp_path / "set"])
    assert (found.persons.tolist(), found.cameras.tolist()) == ([0, 0, 0, 1], [1, 1, 3, 2])
    assert found.parts[0].shape == (4, 32, 16, 3)


def test_a_set_says_what_it_is_and_unknown_where_it_does_not(tmp_path: Path) -> None:
    write_crop_set(tmp_path / "mars", coloured_people(2, 2), trained_on="MARS, for research")
    write_crop_set(tmp_path / "other", coloured_people(2, 2))
    labels = tmp_path / "other" / "labels.npz"
    with np.load(labels) as found:
        kept = {name: found[name] for name in found if name != "trained_on"}
    np.savez(labels, **kept)
    assert read_crop_set([tmp_path / "mars", tmp_path / "other"]).seen == (
        "mars (MARS, for research)",
        "other (unknown)",
    )
