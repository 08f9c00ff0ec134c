"""VRSTC's re-ID network: Hou, Ma, Chang, Gu, Shan and Chen, "VRSTC: Occlusion-Free Video Person Re-Identification".

CVPR 2019. What completes the occluded parts of its frames beforehand is in `stcnet`.
"""

# B clips, T frames, C channels, H x W positions

from torch import Tensor, nn

from reid_models.architectures.aggregation import TemporalMean
from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.nonlocal_trunk import POOL, NonLocalTrunk


class Vrstc(nn.Module):
    """ResNet-50 with last stride 1, five non-local blocks, mean over the frames: (B, T, 3, H, W) -> Features, D = 2048.

    The paper's row "+ NL"; the baseline beside it is `Pooling` with the mean. Any T. Two blocks are in res3 and three in
    res4, every other residual block; which of the others is left open. Ours stand after blocks 2 and 4, and after 2, 4
    and 6, as in the code of TKP, from the same laboratory, whose video network has the same layers. Open too, and chosen
    as there: keys and values are max-pooled by 2 x 2 positions, a parameter.
    """

    def __init__(self, trunk: Trunk, *, pool: tuple[int, int, int] | None = POOL) -> None:
        """Takes a trunk.

        Args:
            trunk: a ResNet.
            pool: window (T, H, W) by which the non-local blocks pool keys and values; None for none.
        """
        super().__init__()
        self.frames = NonLocalTrunk(trunk, pool=pool)
        self.aggregation = TemporalMean(trunk.width)

    def forward(self, clips_BTCHW: Tensor) -> Features:
        """Clips, uint8 or float in [0, 1] -> features."""
        maps_NCHW: Tensor = self.frames(clips_BTCHW)
        features: Features = self.aggregation(frames_to_clips(maps_NCHW, clips_BTCHW.shape[1]))
        return features


NETWORKS: dict[str, Architecture] = {
    "vrstc-resnet50": Architecture(
        paper="Hou et al., CVPR 2019, the re-ID network",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, _: Vrstc(trunk),
        small_depths=(1, 2, 2, 1),
    ),
}
