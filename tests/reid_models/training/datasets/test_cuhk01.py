from pathlib import Path

import numpy as np
import pytest

from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError
from testing.official_layouts import image


def test_two_images_of_a_camera_are_a_clip_and_each_clip_is_asked_for(tmp_path: Path) -> None:
    for person in (1, 12):
        for number in range(1, 5):
            image(tmp_path / f"{person:04d}{number:03d}.png")
    found = read_dataset("cuhk01", tmp_path)
    assert (found.query.persons.tolist(), found.query.cameras.tolist()) == ([1, 1, 12, 12], [1, 2, 1, 2])
    assert found.query.lengths.tolist() == [2, 2, 2, 2]
    assert len(found.train) == len(found.gallery) == 0


def test_a_folder_of_something_else_is_one_line(tmp_path: Path) -> None:
    image(tmp_path / "0001.png")
    with pytest.raises(DatasetError, match=r"expected images named like 0001001\.png in .*, found none; ask"):
        read_dataset("cuhk01", tmp_path)


@pytest.mark.shared
def test_the_half_that_is_shared_has_485_persons(shared: Path) -> None:
    found = read_dataset("cuhk01", shared / "data" / "reid" / "cuhk01_half").query
    assert (len(found), set(found.lengths), set(found.cameras)) == (970, {2}, {1, 2})
    assert np.array_equal(np.unique(found.persons), np.arange(1, 486))
