import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat

from reid_models import ranking
from reid_models.tracklet_folder import read_folder
from reid_simulation.output.dataset import DISTRACTOR, TrackletMaker, TrackletSetParams, Written, write_tables

PARAMS = TrackletSetParams(
    persons=4, cameras=2, most_tracklets=2, crops=2, distractors=0.5, height=64, width=32, seed=3
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Written]]:
    folder = tmp_path_factory.mktemp("set")
    maker = TrackletMaker(PARAMS, folder)
    written = [each for number in range(1, PARAMS.people + 1) for each in maker.write(number)]
    write_tables(folder, PARAMS, written)
    return folder, written


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_folders_are_read_as_mars_is(made: tuple[Path, list[Written]]) -> None:
    folder, written = made
    for split, persons in (("train", {1, 2}), ("test", {3, 4, ranking.DISTRACTOR})):
        found = read_folder(folder / f"bbox_{split}")
        assert {each.person for each in found} == persons
        assert [(each.person, each.camera, each.number, tuple(f.name for f in each.files)) for each in found] == sorted(
            (each.person or ranking.DISTRACTOR, each.camera, each.tracklet, each.names)
            for each in written
            if each.split == split
        )


def test_the_tables_name_the_crops_of_each_tracklet(made: tuple[Path, list[Written]]) -> None:
    folder, _ = made
    for split in ("train", "test"):
        names = (folder / "info" / f"{split}_name.txt").read_text().split()
        rows = loadmat(folder / "info" / f"tracks_{split}_info.mat")[f"track_{split}_info"]
        assert rows[0, 0] == 1
        assert rows[-1, 1] == len(names)
        np.testing.assert_array_equal(rows[1:, 0], rows[:-1, 1] + 1)
        for first, last, person, camera in rows.tolist():
            assert all(name.startswith(f"{person:04d}C{camera}T") for name in names[first - 1 : last])


def test_each_query_has_its_person_in_another_camera(made: tuple[Path, list[Written]]) -> None:
    folder, _ = made
    rows = loadmat(folder / "info" / "tracks_test_info.mat")["track_test_info"]
    queries = rows[loadmat(folder / "info" / "query_IDX.mat")["query_IDX"][0] - 1]
    assert len(queries) > 0
    for _, _, person, camera in queries.tolist():
        assert person != DISTRACTOR
        assert ((rows[:, 2] == person) & (rows[:, 3] != camera)).any()
    assert sum(row["is_query"] == "1" for row in table(folder / "tracklets.csv")) == len(queries)


def test_every_person_has_attributes_and_every_tracklet_says_how_much_is_seen(
    made: tuple[Path, list[Written]],
) -> None:
    folder, written = made
    people, tracklets = table(folder / "attributes.csv"), table(folder / "tracklets.csv")
    assert [row["person"] for row in people] == ["1", "2", "3", "4"]
    assert {"gender", "backpack", "Tops.c"} <= people[0].keys()
    assert len(tracklets) == len(written)
    assert all((float(row["visibility"]) < 0.75) == (row["is_occluded"] == "1") for row in tracklets)


def test_somebody_rendered_alone_is_the_same_as_among_others(made: tuple[Path, list[Written]], tmp_path: Path) -> None:
    folder, written = made
    alone = TrackletMaker(PARAMS, tmp_path).write(3)
    assert alone == [each for each in written if each.identity == 3]
    for path in sorted((tmp_path / "bbox_test" / "0003").iterdir()):
        assert path.read_bytes() == (folder / "bbox_test" / "0003" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("wrong", "expected"), [({"persons": 1}, "at least 2 persons"), ({"style": "beach"}, "'beach'")]
)
def test_a_set_that_cannot_be_is_refused(wrong: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        TrackletSetParams(**wrong)
