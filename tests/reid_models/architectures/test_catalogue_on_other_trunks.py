"""A paper's idea can be laid beside another's on one trunk: every network of the catalogue takes any."""

import pytest
import torch

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.features import Features
from reid_models.architectures.nonlocal_trunk import NonLocalTrunk, Place
from reid_runtime.card import ClipSpec


@pytest.mark.parametrize("kind", ["compact", "efficientnet_lite0"])
@pytest.mark.parametrize("name", CATALOGUE)
def test_it_describes_clips_of_the_papers_length_on_another_trunk(name: str, kind: str) -> None:
    torch.manual_seed(0)
    entry = CATALOGUE[name]
    clip = ClipSpec(entry.clip.frames, height=64, width=32)
    network = entry.build(build_trunk(TrunkSpec(kind)), clip).eval()  # type: ignore[arg-type]
    with torch.inference_mode():
        features: Features = network(torch.randint(0, 255, (1, clip.frames, 3, 64, 32), dtype=torch.uint8))
    assert features.embedding.isfinite().all()


def test_non_local_blocks_among_blocks_of_several_widths_have_theirs() -> None:
    """Stage 4 of EfficientNet-lite0 is 80 channels wide, then 112."""
    trunk = build_trunk(TrunkSpec("efficientnet_lite0"))
    weights = NonLocalTrunk(trunk, (Place(4, 1), Place(4, 4))).state_dict()
    assert weights["nonlocal_blocks.stage4_after1.theta.weight"].shape[1] == 80
    assert weights["nonlocal_blocks.stage4_after4.theta.weight"].shape[1] == 112


def test_a_trunk_whose_blocks_are_no_residual_ones_is_refused() -> None:
    trunk = build_trunk(TrunkSpec("inception_v3", last_stride=2))
    with pytest.raises(ValueError, match="expected a trunk of residual blocks in stage 5, found another"):
        NonLocalTrunk(trunk, (Place(5, 1),))
