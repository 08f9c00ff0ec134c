from pathlib import Path

import cv2
import numpy as np
import pytest

from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError


def image(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / name), np.zeros((8, 4, 3), np.uint8))


def test_images_of_a_person_camera_and_sequence_are_a_tracklet_in_order_of_time(tmp_path: Path) -> None:
    for name in ("0002_c1s1_000451_03", "0002_c1s1_000400_01", "0002_c1s2_000010_01", "0002_c2s1_000010_01"):
        image(tmp_path, f"{name}.jpg")
    image(tmp_path, "-1_c1s1_000010_01.jpg")
    image(tmp_path, "Thumbs.jpg")
    found = read_dataset("market1501-tracklets", tmp_path)
    assert found.train.lengths.tolist() == [2, 1, 1]
    assert found.train.cameras.tolist() == [1, 1, 2]
    files = found.train.frames
    assert [files.path(row).name[10:16] for row in (1, 2)] == ["000400", "000451"]  # type: ignore[attr-defined]


def test_the_official_images_are_three_folders(tmp_path: Path) -> None:
    image(tmp_path / "bounding_box_train", "0002_c1s1_000451_03.jpg")
    image(tmp_path / "query", "0003_c1s1_000451_00.jpg")
    for person in ("0003", "0000", "-1"):
        image(tmp_path / "bounding_box_test", f"{person}_c2s1_000451_01.jpg")
    found = read_dataset("market1501", tmp_path)
    assert found.gallery.persons.tolist() == [-1, -2, 3]
    with pytest.raises(DatasetError, match=r"expected images named like 0002_c1s1_000451_03\.jpg"):
        read_dataset("market1501", tmp_path_without_query(tmp_path))


def tmp_path_without_query(folder: Path) -> Path:
    (folder / "query" / "0003_c1s1_000451_00.jpg").unlink()
    return folder


@pytest.mark.shared
def test_the_real_training_images_are_3541_tracklets_of_751_persons(shared: Path) -> None:
    found = read_dataset("market1501-tracklets", shared / "data" / "reid" / "market1501_train")
    sides = found.train, found.query, found.gallery
    assert [len(side) for side in sides] == [2360, 1122, 59]
    assert [len(np.unique(side.persons)) for side in sides[:2]] == [500, 251]
    assert sum(side.frame_count for side in sides) == 12_936
    assert len(np.unique(np.stack([found.query.persons, found.query.cameras]), axis=1).T) == len(found.query)
