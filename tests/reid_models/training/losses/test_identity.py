import math

import pytest
import torch

from reid_models.training.losses.identity import smoothed_cross_entropy


def test_smoothing_spreads_the_target() -> None:
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1]]))
    expected = -(0.9 + 0.1 / 3) * math.log(0.7) - 0.1 / 3 * (math.log(0.2) + math.log(0.1))
    assert smoothed_cross_entropy(logits, torch.tensor([0]), smoothing=0.1).item() == pytest.approx(expected, abs=1e-5)
