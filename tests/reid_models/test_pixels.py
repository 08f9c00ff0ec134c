import numpy as np
import pytest

from reid_models.pixels import as_input
from reid_runtime.card import Pixels

CROPS = np.random.default_rng(0).integers(0, 256, (4, 8, 6, 3), dtype=np.uint8)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_pixels_become_what_the_card_says(order: str, layout: str) -> None:
    pixels = Pixels.model_validate(
        {"order": order, "layout": layout, "scale": 1 / 255, "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.6, 0.7)}
    )
    colours = CROPS[..., ::-1] if order == "bgr" else CROPS
    expected = (colours / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.6, 0.7]
    found = as_input(CROPS, pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2) if layout == "nchw" else expected, atol=1e-6)
