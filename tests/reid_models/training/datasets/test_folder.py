from pathlib import Path

import pytest

from reid_models.tracklet_folder import TrackletFolderError
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError
from testing.miniatures import people_on_disk


def as_mars(folder: Path, *, first: int) -> None:
    people_on_disk(folder, persons=2, tracklets=2, frames=3, first=first)
    for path in folder.glob("*.png"):
        path.rename(path.with_suffix(".jpg"))


def test_a_folder_is_all_test_unless_it_says_what_to_learn_from(tmp_path: Path) -> None:
    as_mars(tmp_path / "all", first=1)
    found = read_dataset("folder", tmp_path / "all")
    assert (len(found.train), len(found.query), len(found.gallery)) == (0, 8, 0)
    assert found.query.lengths.tolist() == [3] * 8
    as_mars(tmp_path / "both" / "train", first=1)
    as_mars(tmp_path / "both" / "test", first=5)
    found = read_dataset("folder", tmp_path / "both")
    assert sorted(set(found.train.persons)) == [1, 2]
    assert sorted(set(found.query.persons)) == [5, 6]


def test_the_same_person_on_both_sides_is_refused(tmp_path: Path) -> None:
    as_mars(tmp_path / "train", first=1)
    as_mars(tmp_path / "test", first=2)
    with pytest.raises(DatasetError, match="found 1 in both, the first one 2"):
        read_dataset("folder", tmp_path)


def test_a_folder_of_something_else_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrackletFolderError, match="lay the tracklets out as in MARS"):
        read_dataset("folder", tmp_path)


def test_a_folder_may_have_nobody_to_ask_for(tmp_path: Path) -> None:
    as_mars(tmp_path / "train", first=1)
    found = read_dataset("folder", tmp_path)
    assert (len(found.train), len(found.query)) == (8, 0)


@pytest.mark.shared
def test_queries_of_mars_as_they_are_shared_are_a_folder(shared: Path) -> None:
    found = read_dataset("folder", shared / "data" / "reid" / "mars_query_half").query
    assert (len(found), len(set(found.persons)), set(found.cameras), set(found.lengths)) == (
        823,
        302,
        {*range(1, 7)},
        {8},
    )
