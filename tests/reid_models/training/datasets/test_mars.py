from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from reid_models.ranking import DISTRACTOR, JUNK
from reid_models.training.datasets import mars
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.evaluation.protocols import PROTOCOLS
from reid_models.training.tracklets import Dataset, DatasetError, ImageFiles
from testing import official_layouts


@pytest.mark.parametrize("has_lists", [True, False])
def test_tables_say_whose_frames_they_are_and_junk_and_distractors_keep_their_labels(
    has_lists: bool, tmp_path: Path
) -> None:
    found = read_dataset("mars", official_layouts.mars(tmp_path, has_lists=has_lists))
    assert found.train.persons.tolist() == [1, 1, 3]
    assert found.train.lengths.tolist() == [3, 2, 4]
    assert found.query.cameras.tolist() == [1, 2]
    assert found.gallery.persons.tolist() == [JUNK, DISTRACTOR, DISTRACTOR]
    assert [len(found.query.read(row, np.arange(2))) for row in range(2)] == [2, 2]
    assert isinstance(found.query.frames, ImageFiles)
    assert found.query.frames.path(int(found.query.starts[1])).name == "0002C2T0002F001.jpg"


def test_an_image_too_few_is_one_line_with_the_numbers(tmp_path: Path) -> None:
    official_layouts.mars(tmp_path, has_lists=False)
    (tmp_path / "bbox_train" / "0003" / "0003C1T0001F002.jpg").unlink()
    with pytest.raises(DatasetError, match=r"expected 9 images of MARS as tracks_train_info\.mat counts, found 8"):
        read_dataset("mars", tmp_path)


def test_tables_of_other_images_are_refused(tmp_path: Path) -> None:
    official_layouts.mars(tmp_path)
    table = np.array([[1, 3, 1, 1], [4, 5, 1, 1], [6, 9, 3, 1]], np.int32)
    savemat(tmp_path / "info" / "tracks_train_info.mat", {"track_train_info": table})
    with pytest.raises(DatasetError, match=r"row 2 of tracks_train_info\.mat .* person 1 in camera 1, found 0001C2T"):
        read_dataset("mars", tmp_path)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("info/query_IDX.mat", "expected query_IDX in .*; MARS is bbox_train/ID"),
        ("info/tracks_test_info.mat", "expected track_test_info in .*ask the authors"),
        ("bbox_test/0002", "found no folder; MARS is"),
    ],
)
def test_what_is_missing_is_named_with_the_layout_and_who_has_it(missing: str, message: str, tmp_path: Path) -> None:
    official_layouts.mars(tmp_path)
    (tmp_path / missing).rename(tmp_path / "away")
    with pytest.raises(DatasetError, match=message) as caught:
        read_dataset("mars", tmp_path)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def official(shared: Path) -> Dataset:
    """With names alone."""
    folder = shared / "data" / "reid" / "mars_info"
    return mars.read_tables(folder, lambda _, names: ImageFiles([], np.zeros(len(names), np.int32), names)).check()


@pytest.mark.shared
def test_the_official_tables_have_the_published_counts(official: Dataset) -> None:
    train, query, gallery = official.train, official.query, official.gallery
    assert (len(train), len(np.unique(train.persons)), train.frame_count) == (8298, 625, 509_914)
    assert (int(train.lengths.min()), int(train.lengths.max())) == (5, 900)
    assert np.bincount(train.cameras)[1:].tolist() == [1816, 1957, 1321, 750, 1880, 574]
    assert (len(query), len(np.unique(query.persons))) == (1980, 626)
    assert np.bincount(query.cameras)[1:].tolist() == [524, 456, 319, 191, 384, 106]
    assert len(np.unique(np.stack([query.persons, query.cameras]), axis=1).T) == 1980
    assert len(gallery) == 9330 + 870
    is_junk, is_distractor = gallery.persons == JUNK, gallery.persons == DISTRACTOR
    assert (int(is_junk.sum()), int(gallery.lengths[is_junk].sum())) == (870, 23_380)
    assert (int(is_distractor.sum()), int(gallery.lengths[is_distractor].sum())) == (3248, 147_743)
    assert len(np.unique(gallery.persons[~is_junk])) == 621
    assert query.frame_count + gallery.frame_count == 681_089
    assert int((query.lengths < 4).sum() + (gallery.lengths < 4).sum()) == 3
    assert len(train) + len(query) + len(gallery) == 20_478


@pytest.mark.shared
def test_140_queries_find_nobody_where_queries_are_not_in_the_gallery(official: Dataset) -> None:
    query, gallery = official.query, official.gallery
    alone = np.unique(np.stack([gallery.persons, gallery.cameras]), axis=1)
    joined = np.concatenate([alone, np.stack([query.persons, query.cameras])], axis=1)
    assert not PROTOCOLS["gao"].joins_queries
    assert PROTOCOLS["mars"].joins_queries
    assert [int((~_has_match(query.persons, query.cameras, rows)).sum()) for rows in (alone, joined)] == [140, 0]


def _has_match(persons: np.ndarray, cameras: np.ndarray, rows: np.ndarray) -> np.ndarray:
    is_match = (persons[:, None] == rows[0]) & (cameras[:, None] != rows[1])
    return np.asarray(is_match.any(axis=1))
