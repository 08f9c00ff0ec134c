import numpy as np
import pytest
from numpy.typing import NDArray

from reid_learning.clutter import clutter
from reid_learning.effects import EffectParams, seen_by_camera

NOTHING = EffectParams(light=0, gain=0, cast=0, saturation=(1, 1), grey=0, coarse=0, blur=0, noise=0, jpeg=0)


def image() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (48, 32, 3), np.uint8)


def test_a_camera_that_does_nothing_leaves_the_image() -> None:
    seen = seen_by_camera(image(), NOTHING, np.random.default_rng(0))
    assert np.abs(seen.astype(int) - image()).max() <= 1


def test_the_same_numbers_give_the_same_image_and_others_another() -> None:
    first, again, other = (seen_by_camera(image(), EffectParams(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(20))
def test_form_and_type_stay_and_the_input_is_not_touched(seed: int) -> None:
    given = image()
    seen = seen_by_camera(given, EffectParams(), np.random.default_rng(seed), scale=0.5)
    assert (seen.shape, seen.dtype) == (given.shape, np.dtype(np.uint8))
    assert np.array_equal(given, image())


def test_an_image_without_colour_has_none() -> None:
    params = EffectParams(grey=1.0, cast=0.0, noise=0.0, jpeg=0.0)
    seen = seen_by_camera(image(), params, np.random.default_rng(0)).astype(int)
    assert (seen.max(axis=2) - seen.min(axis=2)).max() <= 1


@pytest.mark.parametrize("seed", range(10))
def test_clutter_is_an_image_with_something_in_it(seed: int) -> None:
    drawn = clutter(np.random.default_rng(seed), height=60, width=90)
    assert (drawn.shape, drawn.dtype) == ((60, 90, 3), np.dtype(np.uint8))
    assert drawn.std() > 5
    assert np.array_equal(drawn, clutter(np.random.default_rng(seed), height=60, width=90))
