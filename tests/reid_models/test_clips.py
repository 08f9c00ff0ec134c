import numpy as np
import pytest

from reid_models.clips import spread


@pytest.mark.parametrize(
    ("n", "frames", "expected"),
    [
        (8, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (1, 3, [0, 0, 0]),
        (2, 4, [0, 0, 1, 1]),
        (9, 3, [1, 4, 7]),
        (100, 4, [12, 37, 62, 87]),
    ],
)
def test_a_clip_is_spread_evenly(n: int, frames: int, expected: list[int]) -> None:
    np.testing.assert_array_equal(spread(n, frames), expected)


@pytest.mark.parametrize("frames", [1, 4, 8])
def test_a_clip_never_goes_back_nor_leaves_the_track(frames: int) -> None:
    for n in range(1, 60):
        indices = spread(n, frames)
        assert len(indices) == frames
        assert (np.diff(indices) >= 0).all()
        assert 0 <= indices[0] <= indices[-1] < n
        counts = np.bincount(indices, minlength=n)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(("n", "frames"), [(0, 4), (4, 0)])
def test_nothing_makes_no_clip(n: int, frames: int) -> None:
    with pytest.raises(ValueError, match="expected at least one crop and one frame"):
        spread(n, frames)
