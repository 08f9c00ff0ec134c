import numpy as np
import pytest

from reid_runtime.batches import run_rows
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
