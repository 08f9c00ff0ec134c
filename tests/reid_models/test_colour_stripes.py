import numpy as np
from numpy.typing import NDArray

from reid_models.colour_stripes import HEIGHT_PX, WIDTH_PX, ColourStripesEncoder

RED, BLUE, GREEN = (180, 40, 40), (40, 40, 180), (40, 140, 40)


def person(shirt: tuple[int, int, int], trousers: tuple[int, int, int], *, seed: int = 0) -> NDArray[np.uint8]:
    """A clip of 2 frames: two blocks of colour before a grey wall, with noise."""
    clip = np.full((2, HEIGHT_PX, WIDTH_PX, 3), 128, np.int64)
    clip[:, 20:70, 18:46] = shirt
    clip[:, 70:124, 18:46] = trousers
    noise = np.random.default_rng(seed).integers(-12, 13, clip.shape)
    return np.asarray(np.clip(clip + noise, 0, 255), np.uint8)


def encode(*clips: NDArray[np.uint8]) -> NDArray[np.float32]:
    return ColourStripesEncoder(frames=2).encode(np.stack(clips))


def test_the_same_clothes_are_more_alike_than_others() -> None:
    first, again, other, swapped = encode(
        person(RED, BLUE), person(RED, BLUE, seed=1), person(GREEN, BLUE), person(BLUE, RED)
    )
    assert first @ again > 0.9
    assert first @ again > first @ other + 0.1
    assert first @ again > first @ swapped + 0.1


def test_dimmer_light_and_a_coloured_lamp_change_little() -> None:
    clip = person(RED, BLUE).astype(np.float64)
    bright, dim, warm = encode(
        clip.astype(np.uint8), (clip * 0.6).astype(np.uint8), (clip * [1.0, 0.9, 0.7]).astype(np.uint8)
    )
    other = encode(person(GREEN, BLUE))[0]
    assert min(bright @ dim, bright @ warm) > max(bright @ other, 0.8)


def test_a_mirrored_person_is_the_same() -> None:
    clip = person(RED, BLUE)
    first, mirrored = encode(clip, clip[:, :, ::-1])
    np.testing.assert_allclose(first, mirrored, atol=1e-3)


def test_a_clip_of_one_colour_has_a_vector_too() -> None:
    assert np.isfinite(encode(np.zeros((2, HEIGHT_PX, WIDTH_PX, 3), np.uint8))).all()


def test_the_model_id_names_the_definition() -> None:
    assert ColourStripesEncoder().model_id == "stripes@1"
