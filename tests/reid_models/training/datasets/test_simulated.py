from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reid_models.training.data import read_crop_set
from reid_models.training.datasets.simulated import Cut, SetParams, crops_of, render_crops
from reid_simulation.output.crops import CropParams
from testing.simulation.capsule import capsule_man

STUDIO = CropParams(
    height=120, width=60, cameras=4, frame_width=320, frame_height=240, cut=0.0, loose=0.0, margin=1 / 6, spoilt=0.0
)
PARAMS = SetParams(cameras=3, crops=2, studio=STUDIO)
PEOPLE = range(1, 6)


def alone() -> list[Cut]:
    return list(crops_of(capsule_man, PEOPLE, replace(PARAMS, studio=replace(STUDIO, crowded=0.0))))


def test_a_person_who_is_seen_whole_fills_the_middle_and_leaves_the_margin_free() -> None:
    whole = 0
    for cut in alone():
        rows = np.flatnonzero((cut.crop[..., 3] > 127).any(axis=1))
        columns = np.flatnonzero((cut.crop[..., 3] > 127).any(axis=0))
        assert rows[0] > 20 - 4
        assert columns[0] > 10 - 4
        assert rows[-1] < 100 + 4
        assert columns[-1] < 50 + 4
        whole += rows[0] < 20 + 4 and rows[-1] > 100 - 5
    assert whole > 10


def test_everybody_is_seen_by_as_many_cameras_as_asked() -> None:
    cuts = alone()
    assert {cut.crop.shape for cut in cuts} == {(120, 60, 4)}
    for person in PEOPLE:
        mine = [cut for cut in cuts if cut.person == person]
        assert 2 <= len({cut.camera for cut in mine}) <= 3
        assert 4 <= len(mine) <= 6


def test_the_mask_holds_the_person_and_not_those_who_stand_before() -> None:
    crowded = list(crops_of(capsule_man, PEOPLE, replace(PARAMS, studio=replace(STUDIO, crowded=1.0))))
    seen = [np.count_nonzero(cut.crop[..., 3]) for cut in crowded]
    free = [np.count_nonzero(cut.crop[..., 3]) for cut in alone()]
    assert np.mean(seen) < np.mean(free)


def test_the_same_seed_gives_the_same_crops_of_a_person_whoever_comes_before() -> None:
    last = [cut.crop for cut in alone() if cut.person == 5]
    params = replace(PARAMS, studio=replace(STUDIO, crowded=0.0))
    again = [cut.crop for cut in crops_of(capsule_man, [5], params)]
    np.testing.assert_array_equal(last, again)


@pytest.mark.parametrize("most", [3, 1000])
def test_a_set_has_as_many_crops_as_there_are_or_as_are_wanted(most: int, tmp_path: Path) -> None:
    cuts = alone()
    count = min(most, len(cuts))
    assert render_crops(tmp_path, iter(cuts), PARAMS, most=most) == count
    found = read_crop_set([tmp_path])
    assert found.parts[0].shape == (count, 120, 60, 4)
    assert found.cameras.tolist() == [cut.camera for cut in cuts[:count]]
    assert found.margin == pytest.approx(1 / 6)
    np.testing.assert_array_equal(found.parts[0][-1], cuts[count - 1].crop)
