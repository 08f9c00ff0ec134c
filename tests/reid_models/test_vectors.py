import numpy as np
import pytest

from reid_models.vectors import check_clips, unit_rows
from reid_runtime.card import ClipSpec


def test_rows_keep_their_direction_at_length_one() -> None:
    expected = np.array([[0.6, 0.8], [0.0, -1.0]], np.float32)
    np.testing.assert_allclose(unit_rows(np.array([[3, 4], [0, -2]], np.float32)), expected)


@pytest.mark.parametrize("row", [[0, 0], [np.nan, 1], [np.inf, 1]])
def test_a_row_without_a_direction_is_refused(row: list[float]) -> None:
    with pytest.raises(ValueError, match="expected vectors with a direction"):
        unit_rows(np.array([[1, 0], row], np.float32))


@pytest.mark.parametrize("shape", [(0, 2, 8, 4, 3), (2, 8, 4, 3), (1, 3, 8, 4, 3), (1, 2, 4, 8, 3), (1, 2, 8, 4, 1)])
def test_clips_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected clips \(B, 2, 8, 4, 3\) uint8, found"):
        check_clips(np.zeros(shape, np.uint8), ClipSpec(2, 8, 4))
