from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reid_models.training.stores import joined, with_frames
from reid_models.training.tracklets import TrackletSet
from testing.miniatures import people_on_disk


@pytest.fixture
def people(tmp_path: Path) -> TrackletSet:
    return people_on_disk(tmp_path / "people", persons=2, frames=3)


def test_some_frames_are_left_and_empty_tracklets_are_gone(people: TrackletSet) -> None:
    """Four tracklets of three frames: the first loses its middle one, the second all, the last its first."""
    kept = np.array([1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1], bool)
    left = with_frames(people, kept)
    assert left.lengths.tolist() == [2, 3, 2]
    assert left.persons.tolist() == [0, 1, 1]
    for tracklet, owner, indices in ((0, 0, [0, 2]), (1, 2, [0, 1, 2]), (2, 3, [1, 2])):
        found = left.read(tracklet, np.arange(left.lengths[tracklet]))
        expected = people.read(owner, np.array(indices))
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_two_sets_share_nobody_and_the_second_one_has_no_labels(people: TrackletSet, tmp_path: Path) -> None:
    labels = np.eye(4, 2, dtype=np.float32)
    labelled = replace(people, attributes=labels, attribute_names=("Hat", "Backpack"))
    others = people_on_disk(tmp_path / "others", persons=3, frames=2, seed=1)
    both = joined(labelled, others)
    assert both.persons.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert not set(both.cameras[:4]) & set(both.cameras[4:])
    assert both.attributes is not None
    assert np.array_equal(both.attributes[:4], labels)
    assert np.isnan(both.attributes[4:]).all()
    rows = both.frames.read(np.array([12, 0, 13]))
    assert np.array_equal(rows[1], people.read(0, np.array([0]))[0])
    assert np.array_equal(rows[2], others.read(0, np.array([1]))[0])
