from pathlib import Path

import pytest
import torch

from reid_models.architectures.nonlocal_block import NonLocalBlock
from testing.architectures.golden import assert_close, golden, load

OFFICIAL = {"g.0": "g", "phi.0": "phi", "W.0": "out", "W.1": "norm"}


@pytest.mark.shared
def test_with_sub_sampling_it_is_tkps_block(shared: Path) -> None:
    numbers = golden(shared, "nonlocal3d")
    block = NonLocalBlock(32, pool=(1, 2, 2))
    load(block, numbers, OFFICIAL)
    assert_close(block.eval()(numbers["x"]), numbers["out"], 2e-5)


@pytest.mark.shared
def test_over_frames_it_is_gltrs_block(shared: Path) -> None:
    numbers = golden(shared, "gltr_tsa")
    block = NonLocalBlock(24)
    load(block, numbers, OFFICIAL)
    assert_close(block.eval()(numbers["x"]), numbers["out"], 2e-5)


@pytest.mark.parametrize("branch_norm", [False, True])
def test_it_starts_as_the_identity(branch_norm: bool) -> None:
    x = torch.randn(2, 8, 3, 4, 2)
    block = NonLocalBlock(8, pool=(1, 2, 2), branch_norm=branch_norm)
    assert_close(block(x), x, 0)


def test_positions_are_mixed_over_all_frames() -> None:
    torch.manual_seed(0)
    block = NonLocalBlock(8).eval()
    torch.nn.init.ones_(next(block.norm.parameters()))
    x = torch.randn(1, 8, 5)
    other = x.clone()
    other[0, :, 4] += 1
    assert (block(other) - block(x))[0, :, 0].abs().max() > 1e-4
