"""VRSTC's re-ID network: Hou, Ma, Chang, Gu, Shan and Chen, "VRSTC: Occlusion-Free Video Person Re-Identification".

CVPR 2019. What completes the occluded parts of its frames beforehand is in `stcnet`.
"""

# B clips, T frames, C channels, H x W positions

from collections.abc import Sequence

from torch import Tensor, nn

from reid_models.architectures.aggregation import TemporalMean
from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.nonlocal_trunk import NonLocalTrunk, Place, every_second_block


class Vrstc(nn.Module):
    """ResNet-50 with last stride 1, five non-local blocks, mean over the frames: (B, T, 3, H, W) -> Features, D = 2048.

    The paper's row "+ NL"; the baseline beside it is `Pooling` with the mean. Any T. Two blocks are in res3 and three
    in res4, at every other residual block; at which of them is left open, and so are the pooling and the first weights
    of the non-local blocks. Ours are as in the code of TKP, from the same laboratory, whose video network has the same
    layers: after blocks 2 and 4, and after 2, 4 and 6.
    """

    def __init__(self, trunk: Trunk, *, places: Sequence[Place] | None = None) -> None:
        """Takes a trunk.

        Args:
            trunk: a ResNet.
            places: of the non-local blocks; after every second residual block of stages 3 and 4 if None.
        """
        super().__init__()
        self.frames = NonLocalTrunk(trunk, every_second_block(trunk) if places is None else places)
        self.aggregation = TemporalMean(trunk.width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        features: Features = self.aggregation(self.frames(clips_BTCHW, present_BT), present_BT)
        return features


NETWORKS: dict[str, Architecture] = {
    "vrstc-resnet50": Architecture(
        paper="Hou et al., CVPR 2019, the re-ID network",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, _: Vrstc(trunk),
        small_depths=(1, 2, 1, 1),
    ),
}
