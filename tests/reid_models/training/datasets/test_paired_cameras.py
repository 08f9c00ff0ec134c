import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from reid_models.training.datasets.catalogue import DATASETS, read_dataset
from reid_models.training.tracklets import DatasetError, ImageFiles
from testing import official_layouts


def test_of_ilids_the_first_half_of_a_splits_columns_is_asked_and_numbers_go_over_sorted_folders(
    tmp_path: Path,
) -> None:
    found = read_dataset("ilids-vid", official_layouts.ilids(tmp_path))
    # Columns 4 3 | 2 1 of the persons 1, 2, 4, 319.
    assert found.query.persons.tolist() == [319, 4]
    assert found.gallery.persons.tolist() == [319, 4]
    assert found.train.persons.tolist() == [2, 2, 1, 1]
    assert (set(found.query.cameras), set(found.gallery.cameras)) == ({1}, {2})
    assert isinstance(found.query.frames, ImageFiles)
    assert found.query.frames.path(0).name == "cam1_person319_00998.png"
    assert DATASETS["ilids-vid"].splits == 10
    assert sorted(read_dataset("ilids-vid", tmp_path, split=9).query.persons) != [4, 319]
    with pytest.raises(DatasetError, match="expected a split from 0 to 9 of ilids-vid, found 10"):
        read_dataset("ilids-vid", tmp_path, split=10)


def test_splits_of_other_persons_and_a_missing_camera_are_one_line(tmp_path: Path) -> None:
    official_layouts.ilids(tmp_path)
    sequences = tmp_path / "i-LIDS-VID" / "sequences"
    shutil.rmtree(sequences / "cam2" / "person004")
    with pytest.raises(DatasetError, match=r"expected the frames of a person in .*cam2/person004, found no folder"):
        read_dataset("ilids-vid", tmp_path)
    shutil.rmtree(sequences / "cam1" / "person004")
    with pytest.raises(DatasetError, match=r"expected splits of 10 x 3 persons in .*found \(10, 4\)"):
        read_dataset("ilids-vid", tmp_path)


def test_prid_follows_the_lists_and_misses_them_in_one_line(tmp_path: Path) -> None:
    official_layouts.prid(tmp_path, (1, 3, 9, 10))
    with pytest.raises(DatasetError, match=r"expected ten splits in .*splits_prid2011\.json"):
        read_dataset("prid2011", tmp_path)
    split = {"train": ["person_0010", "person_0001"], "test": ["person_0009", "person_0003"]}
    (tmp_path / "splits_prid2011.json").write_text(json.dumps([split] * 10))
    found = read_dataset("prid2011", tmp_path)
    assert found.train.persons.tolist() == [1, 1, 10, 10]
    assert (found.query.persons.tolist(), found.gallery.cameras.tolist()) == ([3, 9], [2, 2])


@pytest.mark.shared
def test_the_ten_official_splits_of_prid_are_89_persons_each_of_the_same_178(shared: Path, tmp_path: Path) -> None:
    official = json.loads((shared / "data" / "reid" / "prid2011" / "splits_prid2011.json").read_text())
    persons = sorted({int(name.removeprefix("person_")) for side in official[0].values() for name in side})
    official_layouts.prid(tmp_path, persons)
    (tmp_path / "splits_prid2011.json").write_text(json.dumps(official))
    asked = set()
    for split in range(10):
        found = read_dataset("prid2011", tmp_path, split=split)
        assert (len(found.train), len(found.query), len(found.gallery)) == (178, 89, 89)
        assert sorted({*found.train.persons.tolist(), *found.query.persons.tolist()}) == persons
        asked.add(tuple(found.query.persons))
    assert (len(persons), len(asked)) == (178, 10)


def test_of_all_200_persons_of_prid_a_split_is_one_half_and_the_next_another(tmp_path: Path) -> None:
    official_layouts.prid(tmp_path, range(1, 206))
    first, again, second = (read_dataset("prid2011-200", tmp_path, split=split) for split in (0, 0, 1))
    assert [len(np.unique(side.persons)) for side in (first.train, first.query)] == [100, 100]
    assert max(first.train.persons.max(), first.query.persons.max()) == 200
    assert first.query.persons.tolist() == again.query.persons.tolist() != second.query.persons.tolist()
