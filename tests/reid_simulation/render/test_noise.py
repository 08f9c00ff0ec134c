from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from reid_simulation.render.noise import clouds, creases, grain

FIELDS: dict[str, Callable[[int], NDArray[np.float32]]] = {
    "clouds": lambda seed: clouds(64, 4, seed),
    "grain": lambda seed: grain(64, 2, seed),
    "creases": lambda seed: creases(64, seed),
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_a_seed_is_a_field_of_its_own(field: Callable[[int], NDArray[np.float32]]) -> None:
    np.testing.assert_array_equal(field(1), field(1))
    assert abs(np.corrcoef(field(1).ravel(), field(2).ravel())[0, 1]) < 0.5
    assert field(1).mean() == pytest.approx(0, abs=0.2)
    assert 0.8 < field(1).std() <= 1.01


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_it_goes_on_at_its_edges(field: Callable[[int], NDArray[np.float32]]) -> None:
    """A step over the edge is no larger than one within."""
    found = field(3)
    for axis in (0, 1):
        within = np.abs(np.diff(found, axis=axis)).mean()
        over = np.abs(found.take(0, axis=axis) - found.take(-1, axis=axis)).mean()
        assert over < 2 * within


def test_wider_specks_change_more_slowly() -> None:
    fine, coarse = (np.abs(np.diff(grain(64, width), axis=0)).mean() for width in (1, 4))
    assert coarse < fine / 2
