from pathlib import Path

import numpy as np
import pytest

from reid_models.training.data import read_crop_set
from reid_models.training.datasets.simulated import CutParams, cuts, render_crops
from simulation.stage import Rendered, Visible

PARAMS = CutParams(height=120, width=60, margin=1 / 6, least_px=40)


def frame(*people: Visible) -> Rendered:
    """Person 7 is a white block at 50, 40 to 80, 100 before black; the box says so."""
    image = np.zeros((160, 200, 3), np.uint8)
    image[40:100, 50:80] = 255
    pixels = np.zeros((160, 200), np.int32)
    pixels[40:100, 50:80] = 7
    return Rendered(image, pixels, people)


def visible(*, visibility: float = 1.0, box: tuple[float, float, float, float] = (50, 40, 80, 100)) -> Visible:
    return Visible(7, box, box, visibility, 5.0)


def test_a_crop_has_the_person_in_its_middle_with_the_margin_around() -> None:
    (cut,) = cuts([(3, frame(visible()))], PARAMS)
    assert (cut.person, cut.camera, cut.crop.shape) == (7, 3, (120, 60, 4))
    inner = cut.crop[22:98, 12:48]
    assert (inner == 255).all()
    outer = cut.crop.copy()
    outer[18:102, 8:52] = 0
    assert not outer.any()


@pytest.mark.parametrize(
    "poor", [visible(visibility=0.2), visible(box=(50, 40, 80, 75)), visible(box=(50, 140, 80, 200))]
)
def test_who_is_hidden_small_or_cut_off_is_left_out(poor: Visible) -> None:
    assert list(cuts([(0, frame(poor))], PARAMS)) == []


@pytest.mark.parametrize("most", [3, 5, 9])
def test_a_set_has_as_many_crops_as_there_are_or_as_are_wanted(most: int, tmp_path: Path) -> None:
    frames = [(camera, frame(visible())) for camera in range(5)]
    assert render_crops(tmp_path, frames, PARAMS, most=most) == min(most, 5)
    found = read_crop_set([tmp_path])
    assert found.parts[0].shape == (min(most, 5), 120, 60, 4)
    assert found.cameras.tolist() == list(range(min(most, 5)))
    assert found.margin == pytest.approx(1 / 6)
    assert (found.parts[0][-1][60, 30] == 255).all()
