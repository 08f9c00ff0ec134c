from pathlib import Path

import numpy as np
import pytest

from reid_models.training.datasets import duke_video
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.datasets.listing import tracklet_set
from reid_models.training.tracklets import DatasetError, TrackletSet
from testing import official_layouts


@pytest.mark.parametrize("has_underlines", [True, False])
def test_both_releases_are_read_and_tracklets_that_begin_with_their_second_frame_are_whole(
    has_underlines: bool, tmp_path: Path
) -> None:
    found = read_dataset("duke-video", official_layouts.duke(tmp_path, has_underlines=has_underlines))
    assert found.train.persons.tolist() == [1]
    assert (found.query.cameras.tolist(), found.query.lengths.tolist()) == ([1], [3])
    assert (found.gallery.cameras.tolist(), found.gallery.lengths.tolist()) == ([1, 5], [3, 2])


@pytest.mark.parametrize(("length", "chunks"), [(5, [5]), (32, [32]), (63, [63]), (64, [32, 32]), (100, [32, 32, 36])])
def test_chunks_hold_every_frame_once_and_the_last_one_the_remainder(length: int, chunks: list[int]) -> None:
    people = TrackletSet(
        persons=np.array([7, 8]),
        cameras=np.array([1, 2]),
        starts=np.array([0, length]),
        lengths=np.array([length, 40]),
        frames=tracklet_set([]).frames,
    )
    found = duke_video.in_chunks(people, 32)
    assert found.lengths.tolist() == [*chunks, 40]
    assert found.starts.tolist() == [*(np.cumsum(chunks) - chunks), length]
    assert found.persons.tolist() == [7] * len(chunks) + [8]


def test_an_empty_tracklet_and_another_name_are_one_line(tmp_path: Path) -> None:
    official_layouts.duke(tmp_path)
    (tmp_path / "train" / "0001" / "0099").mkdir()
    with pytest.raises(DatasetError, match=r"expected images in .*0099, found none"):
        read_dataset("duke-video-dense", tmp_path)
    (tmp_path / "train" / "0001" / "0099" / "me.jpg").touch()
    with pytest.raises(DatasetError, match=r"expected names like 0001_C6_F0099_X30823\.jpg, found .*me\.jpg"):
        read_dataset("duke-video", tmp_path)


@pytest.mark.shared
def test_the_official_tables_have_the_published_counts(shared: Path) -> None:
    tables = shared / "data" / "reid" / "duke_video_tables"
    train, gallery = (_named(np.load(tables / f"{side}_info.npy")) for side in ("train", "gallery"))
    query = gallery.some(np.load(tables / "query_IDX.npy"))
    assert (len(train), len(np.unique(train.persons)), train.frame_count) == (2196, 702, 369_656)
    assert (len(query), len(np.unique(query.persons)), query.frame_count) == (702, 702, 111_848)
    assert (len(gallery), len(np.unique(gallery.persons)), gallery.frame_count) == (2636, 1110, 445_764)
    assert (int(query.lengths.min()), int(query.lengths.max())) == (6, 3147)
    assert np.bincount(query.cameras)[1:].tolist() == [135, 117, 49, 41, 61, 110, 81, 108]
    assert np.bincount(gallery.cameras)[1:].tolist() == [432, 411, 191, 157, 216, 378, 239, 612]
    is_match = (query.persons[:, None] == gallery.persons) & (query.cameras[:, None] != gallery.cameras)
    assert is_match.sum(axis=1).mean() == pytest.approx(2.17, abs=0.005)
    assert is_match.any(axis=1).all()


def _named(table: np.ndarray) -> TrackletSet:
    """Through the reader of names, as the folders of such tracklets would be."""
    found = (
        (Path(str(number)), [f"{person:04d}_C{camera}_F{frame:04d}_X1.jpg" for frame in range(last - first + 1)])
        for number, (first, last, person, camera) in enumerate(table.tolist())
    )
    return tracklet_set(duke_video.listed(found))
