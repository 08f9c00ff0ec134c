import numpy as np
import pytest

from reid_learning.clutter import clutter


def test_the_same_seed_gives_the_same_image_and_another_another() -> None:
    first, again, other = (clutter(np.random.default_rng(seed), height=48, width=32) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


@pytest.mark.parametrize(("height", "width"), [(20, 8), (48, 32), (33, 97)])
def test_any_size_is_filled_with_more_than_one_colour(height: int, width: int) -> None:
    """Forty images, so that every kind of layer is drawn over edges and corners."""
    images = [clutter(np.random.default_rng(seed), height=height, width=width) for seed in range(40)]
    assert {(image.shape, image.dtype) for image in images} == {((height, width, 3), np.dtype(np.uint8))}
    assert np.mean([image.std() > 1 for image in images]) > 0.9
