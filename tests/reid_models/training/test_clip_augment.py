import numpy as np
from numpy.typing import NDArray

from reid_models.training.clip_augment import ClipAugmentParams, augment_clip

FRAMES = [np.random.default_rng(number).integers(0, 256, (40, 20, 3), np.uint8) for number in range(4)]
SAME = [FRAMES[0]] * 4


def changed(params: ClipAugmentParams, frames: list[NDArray[np.uint8]], *, seed: int = 0) -> NDArray[np.uint8]:
    return augment_clip(frames, params, np.random.default_rng(seed), height=32, width=16)


def test_without_changes_only_the_size_changes() -> None:
    clip = changed(ClipAugmentParams(flip=0.0), FRAMES)
    assert clip.shape == (4, 32, 16, 3)
    exact = augment_clip(FRAMES, ClipAugmentParams(flip=0.0), np.random.default_rng(0), height=40, width=20)
    assert np.array_equal(exact, np.stack(FRAMES))


def test_once_a_clip_is_the_same_for_all_its_frames_and_per_frame_is_not() -> None:
    for seed in range(5):
        clip = changed(ClipAugmentParams(translate=1.0, erase=1.0, jitter=0.3), SAME, seed=seed)
        assert (clip == clip[0]).all()
        clip = changed(ClipAugmentParams(translate=1.0, erase=1.0, jitter=0.3, per="frame"), SAME, seed=seed)
        assert not (clip == clip[0]).all()


def test_a_mirror_is_a_mirror() -> None:
    upright, mirrored = (changed(ClipAugmentParams(flip=share), FRAMES) for share in (0.0, 1.0))
    assert np.array_equal(mirrored, upright[:, :, ::-1])


def test_a_crop_of_nine_eighths_shows_less_of_the_frame() -> None:
    frame = np.zeros((40, 20, 3), np.uint8)
    frame[:2] = frame[-2:] = 255
    params = ClipAugmentParams(flip=0.0, crop=(9, 9))
    borders = [changed(params, [frame], seed=seed)[0, [0, -1]].mean() for seed in range(20)]
    assert min(borders) < 130 < max(borders) + 20


def test_the_same_generator_gives_the_same_clip() -> None:
    params = ClipAugmentParams(translate=0.5, erase=0.5, jitter=0.2, per="frame")
    assert np.array_equal(changed(params, FRAMES, seed=3), changed(params, FRAMES, seed=3))
