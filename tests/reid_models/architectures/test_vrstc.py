from pathlib import Path

import pytest
import torch

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.pooling import Pooling
from reid_models.architectures.vrstc import Vrstc
from reid_runtime.card import ClipSpec
from testing.architectures.golden import architecture, assert_close, output_shapes, parameters


@pytest.mark.shared
def test_counts_and_shapes_are_those_of_tkps_video_network(shared: Path) -> None:
    """The same laboratory's, and the same layers; of VRSTC itself nothing was published."""
    published = architecture(shared, "tkp_video")
    with torch.device("meta"):
        network = Vrstc(build_trunk(TrunkSpec("resnet50")))
        clips = torch.rand(1, 4, 3, 256, 128)
    assert parameters(network) == published.parameters("total_params")
    stages = {f"layer{number}": stage for number, stage in enumerate(network.frames.trunk.stages) if number}
    for stage, (frames, width, *sides) in output_shapes(network, clips, stages).items():
        assert (1, width, frames, *sides) == published.shape(stage)
    frames_BTF = network(clips).frames
    assert frames_BTF is not None
    assert frames_BTF.shape == published.shape("OUTPUT")


def test_it_starts_as_the_baseline() -> None:
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 2, 2, 1))
    clips = torch.rand(2, 3, 3, 64, 32)
    baseline = Pooling(trunk, ClipSpec(frames=3, height=64, width=32)).eval()
    assert_close(Vrstc(trunk).eval()(clips).embedding, baseline(clips).embedding, 1e-5)
