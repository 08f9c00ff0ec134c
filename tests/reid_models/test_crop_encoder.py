import numpy as np
import pytest
from numpy.typing import NDArray

from reid_models.crop_encoder import CropEncoder, as_input
from runtime.card import ArtefactError, ClipSpec, Pixels
from tests.runtime.networks import MemorySession, card

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 4, 3), dtype=np.uint8)


def mean_colour(images: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(images.mean(axis=(2, 3)), np.float32)


def test_a_clip_is_the_mean_of_its_frames_directions() -> None:
    vectors = CropEncoder(MemorySession(card((None, 3, 8, 4)), mean_colour), frames=4).encode(CLIPS)
    frames = CLIPS.astype(np.float64).mean(axis=(2, 3))
    directions = (frames / np.linalg.norm(frames, axis=2, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(vectors, directions / np.linalg.norm(directions, axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize(("batch", "max_batch", "batches"), [(None, 1, [4, 4, 4]), (None, 2, [8, 4]), (1, 9, [1] * 12)])
def test_a_run_takes_whole_clips_where_the_network_lets_it(
    batch: int | None, max_batch: int, batches: list[int]
) -> None:
    session = MemorySession(card((batch, 3, 8, 4)), mean_colour)
    CropEncoder(session, frames=4, max_batch=max_batch).encode(CLIPS)
    assert session.batches == batches


def test_the_crop_size_is_that_of_the_card() -> None:
    first_axes = MemorySession(card((None, 3, 8, 4)), mean_colour)
    pixels = Pixels(order="bgr", layout="nhwc")
    last_axes = MemorySession(card((1, 8, 4, 3), family="intel-reid", pixels=pixels), mean_colour)
    for session in (first_axes, last_axes):
        encoder = CropEncoder(session)
        assert (encoder.clip, encoder.model_id) == (ClipSpec(8, 8, 4), "tiny@000000000000")


def test_a_network_of_another_family_is_refused() -> None:
    with pytest.raises(ArtefactError, match="expected one of the families osnet, intel-reid, found yolox"):
        CropEncoder(MemorySession(card((None, 3, 8, 4), family="yolox"), mean_colour))


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_pixels_become_what_the_card_says(order: str, layout: str) -> None:
    pixels = Pixels.model_validate(
        {"order": order, "layout": layout, "scale": 1 / 255, "mean": (0.1, 0.2, 0.3), "std": (0.5, 0.6, 0.7)}
    )
    crops = CLIPS[0]
    expected = crops[..., ::-1] if order == "bgr" else crops
    expected = (expected / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.6, 0.7]
    found = as_input(crops, pixels)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.transpose(0, 3, 1, 2) if layout == "nchw" else expected, atol=1e-6)
