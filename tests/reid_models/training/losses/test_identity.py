import math
from pathlib import Path

import pytest
import torch

from reid_models.training.losses.identity import smoothed_cross_entropy
from testing.architectures.golden import assert_close, golden


@pytest.mark.shared
def test_loss_and_slope_agree_with_the_published_ones(shared: Path) -> None:
    numbers = golden(shared, "batch_hard_and_smooth")
    logits = numbers["logits"].requires_grad_()
    loss = smoothed_cross_entropy(logits, numbers["targets"], smoothing=0.1)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(numbers["loss_xent_ls"]), abs=1e-5)
    assert logits.grad is not None
    assert_close(logits.grad, numbers["grad_xent_ls"], 1e-6)


def test_smoothing_spreads_the_target() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]]))
    expected = -(0.9 + 0.1 / 3) * math.log(0.7) - 0.1 / 3 * (math.log(0.2) + math.log(0.1))
    assert smoothed_cross_entropy(logits, torch.tensor([0]), smoothing=0.1).item() == pytest.approx(expected, abs=1e-5)
