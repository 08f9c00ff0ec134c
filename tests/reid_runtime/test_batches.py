import numpy as np
import pytest

from reid_runtime.batches import run_rows
from reid_runtime.engine_card import ShapeRange
from testing.engines import engine_card
from testing.networks import MemorySession, card

ROWS = np.arange(5 * 3, dtype=np.float32).reshape(5, 3, 1, 1)


@pytest.mark.parametrize(
    ("batch", "max_batch", "batches"),
    [(None, 1, [1] * 5), (None, 2, [2, 2, 1]), (None, 8, [5]), (1, 8, [1] * 5), (2, 1, [2, 2, 2])],
)
def test_rows_run_in_the_batches_that_the_network_takes(batch: int | None, max_batch: int, batches: list[int]) -> None:
    session = MemorySession(card((batch, 3, 1, 1)), lambda rows: rows[..., 0, 0] * 2)
    np.testing.assert_array_equal(run_rows(session, ROWS, max_batch=max_batch), ROWS[..., 0, 0] * 2)
    assert session.batches == batches


@pytest.mark.parametrize(
    ("least", "most", "max_batch", "batches"), [(1, 2, 8, [2, 2, 1]), (2, 4, 4, [4, 2]), (2, 4, 1, [2, 2, 2])]
)
def test_an_engine_is_given_what_it_was_built_for(least: int, most: int, max_batch: int, batches: list[int]) -> None:
    sizes = ShapeRange(name="in", least=(least, 3, 1, 1), usual=(most, 3, 1, 1), most=(most, 3, 1, 1))
    card_of_engine = card((None, 3, 1, 1)).model_copy(update={"engine": engine_card(shapes=(sizes,))})
    session = MemorySession(card_of_engine, lambda rows: rows[..., 0, 0] * 2)
    np.testing.assert_array_equal(run_rows(session, ROWS, max_batch=max_batch), ROWS[..., 0, 0] * 2)
    assert session.batches == batches
