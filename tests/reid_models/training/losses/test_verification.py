import math

import pytest
import torch

from reid_models.training.losses.verification import pair_verification

SURE = torch.tensor([[[0.0, 4.0], [0.0, 4.0], [4.0, 0.0]]])
"""One probe: twice said to be the same, once to be another."""
EVERY = torch.ones(1, 3, dtype=torch.bool)


def test_strangers_weigh_so_many_times_the_pairs_of_one_person() -> None:
    """One pair of one person, found; of two pairs of strangers one is taken for the same."""
    same = torch.tensor([[True, False, False]])
    right, wrong = math.log1p(math.exp(-4)), 4 + math.log1p(math.exp(-4))
    halved = pair_verification(SURE, same, EVERY, negatives=1.0)
    assert float(halved) == pytest.approx((right + 0.5 * (wrong + right)) / 2, abs=1e-5)
    plain = pair_verification(SURE, same, EVERY, negatives=3.0)
    assert float(plain) == pytest.approx((right + wrong + right) / 3, abs=1e-5)


def test_a_pair_that_does_not_count_is_left_out() -> None:
    same = torch.tensor([[True, False, False]])
    counts = torch.tensor([[True, False, True]])
    assert float(pair_verification(SURE, same, counts, negatives=3.0)) == pytest.approx(
        math.log1p(math.exp(-4)), abs=1e-5
    )


def test_without_a_pair_of_one_person_it_is_finite() -> None:
    logits = SURE.clone().requires_grad_()
    pair_verification(logits, torch.zeros(1, 3, dtype=torch.bool), EVERY, negatives=3.0).backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
