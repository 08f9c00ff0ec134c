import json
from pathlib import Path

import pytest

from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError
from testing.miniatures import people_on_disk


def side(folder: Path, *, first: int) -> None:
    people_on_disk(folder, persons=2, frames=3, first=first)
    for path in folder.glob("*.png"):
        path.rename(path.with_suffix(".jpg"))


def test_a_set_has_the_name_of_the_one_that_it_was_made_of(tmp_path: Path) -> None:
    side(tmp_path / "train", first=1)
    side(tmp_path / "query", first=5)
    (tmp_path / "card.json").write_text(json.dumps({"data": "mars", "seen": "MARS (research use)"}))
    found = read_dataset("completed", tmp_path)
    assert (found.name, found.seen) == ("mars", "MARS (research use), completed")
    assert (len(found.train), len(found.query), len(found.gallery)) == (4, 4, 0)


def test_a_set_that_was_stopped_while_it_was_written_is_refused(tmp_path: Path) -> None:
    side(tmp_path / "train", first=1)
    with pytest.raises(DatasetError, match=r"expected card\.json of a whole set in .*: complete the set"):
        read_dataset("completed", tmp_path)
