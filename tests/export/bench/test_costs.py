from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from export.bench.costs import Costs, Peak, count_costs, measure_peak


class Small(nn.Module):
    """Convolutions, one of them grouped, and products."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=4))
        self.out = nn.Linear(8, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.out(self.layers(images).mean(dim=(2, 3)))
        return found


def test_operations_are_counted_as_torch_counts_them(tmp_path: Path) -> None:
    network, images = Small().eval(), torch.rand(2, 3, 16, 12)
    program = torch.onnx.export(
        network, (images,), dynamo=True, dynamic_shapes=({0: torch.export.Dim.DYNAMIC},), verbose=False
    )
    assert program is not None
    program.save(tmp_path / "small.onnx")
    for batch in (1, 4):
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(images[:1].expand(batch, -1, -1, -1))
        costs = count_costs(tmp_path / "small.onnx", (batch, 3, 16, 12), tmp_path)
        assert costs.flop == counter.get_total_flops()
        weights = 4 * sum(parameter.numel() for parameter in network.parameters())
        least = weights + 4 * batch * (8 * 16 * 12)
        assert least < costs.moved_bytes < 10 * least


def test_a_pass_takes_no_less_than_its_operations_and_no_less_than_its_bytes() -> None:
    peak = Peak(flop_per_s=100.0, int8_per_s=400.0, bytes_per_s=10.0)
    assert peak.least_s(Costs(flop=1000.0, moved_bytes=1.0), "fp32") == pytest.approx(10.0)
    assert peak.least_s(Costs(flop=1000.0, moved_bytes=1.0), "int8") == pytest.approx(2.5)
    assert peak.least_s(Costs(flop=1000.0, moved_bytes=500.0), "fp32") == pytest.approx(50.0)


def test_this_machine_computes_and_copies() -> None:
    peak = measure_peak(threads=1)
    assert peak.flop_per_s > 1e8
    assert peak.int8_per_s > 1e8
    assert peak.bytes_per_s > 1e8
