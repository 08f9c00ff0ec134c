from pathlib import Path

import numpy as np
import pytest

from reid_models.ranking import DISTRACTOR, JUNK
from reid_models.training.tracklets import Dataset, DatasetError, ImageFiles, PackedFrames, TrackletSet
from testing.miniatures import dataset_on_disk, people_on_disk


def test_frames_of_a_tracklet_are_its_own(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path, persons=3, frames=4)
    assert (len(people), people.frame_count) == (6, 24)
    files = people.frames
    assert isinstance(files, ImageFiles)
    assert files.path(int(people.starts[3]) + 2).name == "0001C2T0000F002.png"
    images = people.read(3, np.array([2, 0, 2]))
    assert np.array_equal(images[0], images[2])
    assert not np.array_equal(images[0], images[1])


def test_a_million_names_take_little_memory() -> None:
    names = np.array([f"{number:016d}" for number in range(10_000)], np.bytes_)
    assert names.nbytes == 160_000


@pytest.mark.parametrize(("content", "found"), [(b"no image", "something else"), (None, "nothing")])
def test_a_frame_that_is_no_image_is_named(tmp_path: Path, content: bytes | None, found: str) -> None:
    people = people_on_disk(tmp_path, persons=1, cameras=1, frames=2)
    broken = tmp_path / "0000C1T0000F001.png"
    broken.unlink()
    if content is not None:
        broken.write_bytes(content)
    with pytest.raises(DatasetError, match=rf"expected an image at .*F001\.png, found {found}: restore it"):
        people.read(0, np.array([1]))


def test_packed_frames_are_found_over_their_parts() -> None:
    parts = [np.full((count, 2, 2, 3), value, np.uint8) for count, value in ((3, 1), (2, 5))]
    frames = PackedFrames(parts)
    assert len(frames) == 5
    assert [int(image[0, 0, 0]) for image in frames.read(np.array([4, 0, 2, 3]))] == [5, 1, 1, 5]


def test_classes_are_numbered_from_0_and_who_has_no_name_is_left_out() -> None:
    frames = PackedFrames([np.zeros((4, 1, 1, 3), np.uint8)])
    persons = np.array([JUNK, 700, DISTRACTOR, 20])
    people = TrackletSet(persons, np.zeros(4, int), np.arange(4), np.ones(4, int), frames)
    assert people.named().persons.tolist() == [700, 20]
    assert people.named().classes().persons.tolist() == [1, 0]


def test_a_person_in_train_and_test_is_refused(tmp_path: Path) -> None:
    data = dataset_on_disk(tmp_path)
    assert data.check() is data
    with pytest.raises(DatasetError, match="found 8 in both, the first one 0: split the set by persons"):
        Dataset("mixed", "", data.train, data.train, data.gallery).check()
