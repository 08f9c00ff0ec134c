import numpy as np
import pytest

from reid_learning.effects import EffectParams
from reid_models.training.augment import AugmentParams, augment

STILL = EffectParams(light=0, gain=0, cast=0, saturation=(1, 1), grey=0, coarse=0, blur=0, noise=0, jpeg=0)
AS_IT_IS = AugmentParams(shift=0, wild=0, turn=0, swap=0, erase=0, effects=STILL)
GREY = [np.full((30, 30, 3), 128, np.uint8)]


def person() -> np.ndarray:
    """A crop with a margin: white, with a red left and a green right half inside."""
    crop = np.full((60, 36, 4), 255, np.uint8)
    crop[10:50, 6:18, :3] = (200, 0, 0)
    crop[10:50, 18:30, :3] = (0, 200, 0)
    crop[..., 3] = 0
    crop[20:40, 12:24, 3] = 255
    return crop


def changed(params: AugmentParams, seed: int = 0) -> np.ndarray:
    return augment(person(), GREY, params, np.random.default_rng(seed), margin=1 / 6, height=40, width=24)


def test_without_change_it_is_the_box_or_its_mirror_image() -> None:
    box = person()[10:50, 6:30, :3].astype(int)
    is_plain, is_mirrored = [], []
    for seed in range(12):
        inner = changed(AS_IT_IS, seed)[1:-1, 1:-1].astype(int)
        is_plain.append(np.abs(inner - box[1:-1, 1:-1]).max() == 0)
        is_mirrored.append(np.abs(inner[:, 2:-2] - box[1:-1, ::-1][:, 3:-3]).max() <= 200 and not is_plain[-1])
    assert all(np.logical_xor(is_plain, is_mirrored))
    assert 0 < sum(is_plain) < 12


def test_another_background_leaves_the_person() -> None:
    crop = changed(AugmentParams(shift=0, wild=0, turn=0, swap=1, erase=0, effects=STILL))
    assert (crop[:8] == 128).all()
    assert (crop[:, :4] == 128).all()
    assert crop[20, 8].tolist() in ([200, 0, 0], [0, 200, 0])


def test_a_crop_without_a_mask_keeps_its_background() -> None:
    params = AugmentParams(shift=0, wild=0, turn=0, swap=1, erase=0, effects=STILL)
    crop = augment(
        np.ascontiguousarray(person()[..., :3]), GREY, params, np.random.default_rng(0), margin=0, height=60, width=36
    )
    assert not (crop == 128).all(axis=2).any()


def test_erasing_hides_a_part() -> None:
    hides = AugmentParams(shift=0, wild=0, turn=0, swap=0, erase=1, effects=STILL)
    for seed in range(12):
        plain, hidden = changed(AS_IT_IS, seed), changed(hides, seed)
        share = (plain != hidden).any(axis=2).mean()
        assert 0.005 < share < 0.5


@pytest.mark.parametrize("seed", range(30))
def test_anything_drawn_is_a_crop_and_drawn_again_the_same(seed: int) -> None:
    given = person()
    found = augment(given, GREY, AugmentParams(), np.random.default_rng(seed), margin=1 / 6, height=32, width=16)
    assert (found.shape, found.dtype) == ((32, 16, 3), np.dtype(np.uint8))
    assert np.array_equal(given, person())
    again = augment(given, GREY, AugmentParams(), np.random.default_rng(seed), margin=1 / 6, height=32, width=16)
    assert np.array_equal(found, again)
