from pathlib import Path

import h5py
import numpy as np
import pytest

from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError
from testing.official_layouts import image

LINES = {
    "train": [("train/0001/0001_0001", 1, 3), ("train/0001/0001_0002", 1, 11)],
    "test": [("test/0002/0002_0003", 2, 4), ("test/0002/0002_0004", 2, 15), ("test/0005/0005_0005", 5, 1)],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "list_sequence").mkdir()
    for side, lines in LINES.items():
        text = "".join(f"{prefix} {person}\n" for prefix, person, _ in lines)
        (tmp_path / "list_sequence" / f"list_seq_{side}.txt").write_text(text)
        for prefix, _, camera in lines:
            for frame in range(3):
                image(tmp_path / f"{prefix}_{camera:02d}_{frame:04d}.jpg")
    info = tmp_path / "test" / "data" / "info_test.mat"
    info.parent.mkdir()
    with h5py.File(info, "w") as file:
        file["query"] = np.array([[2.0], [3.0]])
    return tmp_path


def test_lists_name_frames_by_how_they_begin_and_queries_leave_the_test_list(folder: Path) -> None:
    found = read_dataset("ls-vid", folder)
    assert (found.train.persons.tolist(), found.train.cameras.tolist()) == ([1, 1], [3, 11])
    assert found.train.lengths.tolist() == [3, 3]
    assert (found.query.persons.tolist(), found.query.cameras.tolist()) == ([2, 5], [15, 1])
    assert (found.gallery.persons.tolist(), found.gallery.cameras.tolist()) == ([2], [4])


@pytest.mark.parametrize("shape", [(1, 2), (2, 1)])
def test_queries_are_read_whichever_side_is_long(shape: tuple[int, int], folder: Path) -> None:
    with h5py.File(folder / "test" / "data" / "info_test.mat", "w") as file:
        file["query"] = np.array([1.0, 2.0]).reshape(shape)
    assert read_dataset("ls-vid", folder).query.persons.tolist() == [2, 2]


def test_what_is_not_there_is_named(folder: Path) -> None:
    for path in (folder / "test" / "0005").iterdir():
        path.rename(path.with_name(f"x{path.name}"))
    with pytest.raises(DatasetError, match=r"list_seq_test\.txt, line 3: expected frames .*0005_0005\*, found none"):
        read_dataset("ls-vid", folder)
    (folder / "list_sequence" / "list_seq_train.txt").unlink()
    with pytest.raises(DatasetError, match=r"expected a list at .*by signed agreement"):
        read_dataset("ls-vid", folder)
