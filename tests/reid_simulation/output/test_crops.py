import numpy as np
import pytest

from reid_simulation.output.crops import CropParams, Studio
from testing.simulation.capsule import capsule_man

PARAMS = CropParams(cameras=3, frame_width=320, frame_height=240, least_px=40, seed=4)


def test_the_same_seeds_give_the_same_crops() -> None:
    first, second = (
        Studio(capsule_man, PARAMS).tracklet(np.random.default_rng(1), 3, camera=1, count=4, others=(5, 6))
        for _ in range(2)
    )
    assert len(first) == 4
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.visibility == other.visibility


def test_crops_show_enough_of_the_person() -> None:
    studio = Studio(capsule_man, PARAMS)
    rng = np.random.default_rng(0)
    crops = [
        crop for camera in range(3) for person in range(1, 6) for crop in studio.tracklet(rng, person, camera=camera)
    ]
    assert len(crops) >= 10
    assert all(crop.image.shape == (256, 128, 3) and crop.visibility >= 0.35 for crop in crops)
    assert np.std([crop.image.mean() for crop in crops]) > 8


def test_a_camera_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="camera: expected 0 to 2, found 3"):
        Studio(capsule_man, PARAMS).tracklet(np.random.default_rng(0), 1, camera=3)
