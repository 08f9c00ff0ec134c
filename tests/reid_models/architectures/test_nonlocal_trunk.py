from pathlib import Path

import pytest
import torch

from reid_models.architectures.backbones import Trunk, TrunkSpec, build_trunk
from reid_models.architectures.nonlocal_trunk import NonLocalTrunk
from tests.reid_models.architectures.golden import architecture, assert_close, output_shapes, parameters


def shallow_trunk() -> Trunk:
    return build_trunk(TrunkSpec("resnet18"), depths=(1, 2, 2, 1))


@pytest.mark.shared
def test_on_resnet_50_it_is_tkps_video_network_in_counts_and_shapes(shared: Path) -> None:
    published = architecture(shared, "tkp_video")
    with torch.device("meta"):
        network = NonLocalTrunk(build_trunk(TrunkSpec("resnet50")))
        clips = torch.rand(1, 4, 3, 256, 128)
    assert parameters(network) == published.parameters("total_params")
    inserted = {"stage3_1": "2.2", "stage3_3": "2.5", "stage4_1": "3.2", "stage4_3": "3.5", "stage4_5": "3.8"}
    assert list(network.blocks) == list(inserted)
    for name, position in inserted.items():
        assert parameters(network.blocks[name]) == published.parameters("non_local_blocks", f"layer{position}")
    stages = {f"layer{number}": stage for number, stage in enumerate(network.trunk.stages) if number}
    for stage, (frames, *maps) in output_shapes(network, clips, stages).items():
        width, *sides = maps
        assert (1, width, frames, *sides) == published.shape(stage)


def test_at_the_start_it_is_its_trunk() -> None:
    trunk = shallow_trunk().eval()
    clips = torch.rand(2, 3, 3, 64, 32)
    assert_close(NonLocalTrunk(trunk).eval()(clips), trunk(trunk.frames(clips)), 1e-5)


def test_what_happens_in_one_frame_reaches_the_others() -> None:
    torch.manual_seed(0)
    network = NonLocalTrunk(shallow_trunk()).eval()
    for block in network.blocks.values():
        torch.nn.init.ones_(block.get_parameter("norm.weight"))
    clips = torch.rand(1, 3, 3, 64, 32)
    changed = clips.clone()
    changed[0, 2] = torch.rand(3, 64, 32)
    assert (network(clips) - network(changed))[0].abs().max() > 1e-4


@pytest.mark.parametrize("stages", [(1,), (4, 6)])
def test_other_stages_are_refused(stages: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected some of the stages 2, 3, 4 and 5"):
        NonLocalTrunk(shallow_trunk(), stages=stages)


def test_a_trunk_without_a_second_block_is_refused() -> None:
    with pytest.raises(ValueError, match="two residual blocks or more, found none"):
        NonLocalTrunk(build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1)))
