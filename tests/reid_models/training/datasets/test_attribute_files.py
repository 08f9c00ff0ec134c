import shutil
from pathlib import Path

import numpy as np
import pytest

from reid_models.architectures.attribute_groups import MARKET_GROUPS, MARS_GROUPS, RAP_GROUPS, AttributeGroup
from reid_models.training.datasets import mars
from reid_models.training.datasets.attribute_files import MARKET_CHOICES, MARS_CHOICES, Choice
from reid_models.training.datasets.catalogue import read_dataset
from reid_models.training.tracklets import DatasetError, ImageFiles, TrackletSet
from testing import official_layouts


@pytest.mark.parametrize(
    ("choices", "groups", "columns", "labels"),
    [(MARS_CHOICES, MARS_GROUPS, 12, 32), (MARKET_CHOICES, MARKET_GROUPS, 27, 30)],
)
def test_labels_stand_in_the_order_of_the_groups_that_read_them(
    choices: tuple[Choice, ...], groups: tuple[AttributeGroup, ...], columns: int, labels: int
) -> None:
    names = [name for choice in choices for name in choice.names]
    assert names == [name for group in groups for name in group.attributes]
    assert (len(choices), len(set(names)), len(names)) == (columns, labels, labels)


def test_a_tracklet_of_mars_has_the_labels_of_its_own_line(tmp_path: Path) -> None:
    official_layouts.mars(tmp_path)
    lines = [official_layouts.MARS_ATTRIBUTES, "1,2,2,8,0,1,1,0,0,0,0,0,1,1,0", "2,1,1,0,9,3,0,1,1,1,1,1,0,0,1"]
    (tmp_path / "mars_attributes.csv").write_text("\n".join(lines) + "\n")
    found = read_dataset("mars", tmp_path)
    assert worn(found.train, 1) == {"Female", "AgeTeenager", "LongHair", "ShortSleeve", "UpMixture", "DownWhite"}
    assert found.train.attributes is not None
    assert np.isnan(found.train.attributes[[0, 2]]).all()
    assert worn(found.query, 0) == {
        "AgeOld", "Hat", "UpBlack", "ShortBottoms", "Trousers", "DownMixture", "Backpack", "ShoulderBag", "HandBag",
    }  # fmt: skip
    assert found.gallery.attributes is not None
    assert np.isnan(found.gallery.attributes).all()


def test_a_person_of_market_has_the_same_labels_in_market_and_in_mars(tmp_path: Path) -> None:
    columns = {choice.column: [1, 1] for choice in MARKET_CHOICES}
    columns |= {"gender": [2, 1], "age": [1, 4], "upred": [1, 2], "downpink": [2, 1], "clothes": [1, 2]}
    path = official_layouts.mars(tmp_path / "mars") / "market_attribute.mat"
    official_layouts.market_attributes(path, (("train", ["0001", "0009"]), ("test", [])), columns)
    found = read_dataset("mars", tmp_path / "mars").train
    assert worn(found, 0) == worn(found, 1) == {"Female", "AgeYoung", "DownPink"}
    assert found.attributes is not None
    assert np.isnan(found.attributes[2]).all()
    official_layouts.image(tmp_path / "market" / "0009_c1s1_000451_03.jpg")
    shutil.copy(path, tmp_path / "market")
    assert worn(read_dataset("market1501-tracklets", tmp_path / "market").train, 0) == {"AgeOld", "UpRed", "Trousers"}


def test_a_person_of_market_has_what_most_of_its_tracklets_in_mars_have(tmp_path: Path) -> None:
    rows = [f"9,{camera},1,{top},0,1,1,0,0,{bag},0,0,1,1,0" for camera, top, bag in ((1, 8, 1), (2, 5, 1), (3, 8, 0))]
    (tmp_path / "mars_attributes.csv").write_text("\n".join([official_layouts.MARS_ATTRIBUTES, *rows]) + "\n")
    for person in ("0007", "0009"):
        official_layouts.image(tmp_path / f"{person}_c1s1_000451_03.jpg")
    found = read_dataset("market1501-tracklets", tmp_path).train
    assert worn(found, 1) == {"Female", "AgeTeenager", "LongHair", "ShortSleeve", "UpMixture", "DownWhite", "Backpack"}
    assert found.attributes is not None
    assert np.isnan(found.attributes[0]).all()


def test_simulated_people_have_rap_labels_as_far_as_they_go(tmp_path: Path) -> None:
    official_layouts.mars(tmp_path)
    (tmp_path / "attributes.csv").write_text("person,sex,Female,Hat,UpRed,Tops.c\n1,female,1,0,1,2\n2,male,0,1,0,3\n")
    found = read_dataset("mars", tmp_path)
    assert found.train.attribute_names == tuple(name for group in RAP_GROUPS for name in group.attributes)
    assert worn(found.train, 0) == {"Female", "UpRed"}
    assert worn(found.query, 1) == {"Hat"}
    assert found.train.attributes is not None
    assert np.isnan(found.train.attributes).sum(axis=1).tolist() == [63, 63, 66]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (official_layouts.MARS_ATTRIBUTES.replace("hat,", ""), r"expected the columns hat in"),
        (
            f"{official_layouts.MARS_ATTRIBUTES}\n1,2,2,9,0,1,1,1,0,0,0,0,1,1,0",
            r"expected Tops\.c from 0 to 8, found 9",
        ),
        (f"{official_layouts.MARS_ATTRIBUTES}\n1,2,2,red,0,1,1,1,0,0,0,0,1,1,0", "expected a table of whole numbers"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_another_table_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    official_layouts.mars(tmp_path)
    (tmp_path / "mars_attributes.csv").write_text(text + "\n")
    with pytest.raises(DatasetError, match=message):
        read_dataset("mars", tmp_path)


@pytest.mark.shared
def test_every_tracklet_of_a_person_in_mars_has_labels(shared: Path, tmp_path: Path) -> None:
    real = shared / "data" / "reid"
    (tmp_path / "info").symlink_to(real / "mars_info" / "info")
    (tmp_path / "mars_attributes.csv").symlink_to(real / "mars_attributes" / "mars_attributes.csv")
    found = mars.read_tables(tmp_path, lambda _, names: ImageFiles([], np.zeros(len(names), np.int32), names))
    known = [0 if side.attributes is None else int((~np.isnan(side.attributes)).all(axis=1).sum()) for side in (
        found.train, found.query, found.gallery)]  # fmt: skip
    assert known[0] == len(found.train)
    assert known[1] == len(found.query)
    assert sum(known) == 16_360
    assert found.train.attribute_names == tuple(name for group in MARS_GROUPS for name in group.attributes)


def worn(people: TrackletSet, row: int) -> set[str]:
    assert people.attributes is not None
    return {name for name, label in zip(people.attribute_names, people.attributes[row], strict=True) if label == 1}
