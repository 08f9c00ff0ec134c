import math

import pytest
import torch

from reid_models.training.losses.contrast import supervised_contrast


def test_contrast_is_the_one_worked_out_by_hand() -> None:
    """Three rows at 0, 90 and 180 degrees; the first two are one person, the third is alone and does not count."""
    rows = torch.tensor([[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]])
    first = -math.log(math.exp(0) / (math.exp(0) + math.exp(-1 / 0.5)))
    second = -math.log(math.exp(0) / (math.exp(0) + math.exp(0)))
    loss = supervised_contrast(rows, torch.tensor([3, 3, 8]), temperature=0.5)
    assert loss.item() == pytest.approx((first + second) / 2, abs=1e-5)


def test_contrast_has_a_finite_slope_and_does_not_mind_lengths() -> None:
    rows = torch.randn(8, 4, requires_grad=True)
    loss = supervised_contrast(rows, torch.arange(8) // 2, temperature=0.1)
    assert torch.allclose(loss, supervised_contrast(3 * rows, torch.arange(8) // 2, temperature=0.1))
    loss.backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
