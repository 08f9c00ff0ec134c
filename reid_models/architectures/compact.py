"""A small network for a processor: residual stages with instance norm, pooled whole and in stripes, mean over frames.

Ours, from known parts. Half of the channels of the early norms are instance norms, which take out what a camera adds to
an image (Pan et al., "Two at Once: IBN-Net", ECCV 2018; OSNet-AIN found the same for crossing data sets: Zhou et al.,
TPAMI 2021). Stripes of the body are described beside the whole (Sun et al., "Beyond Part Models", ECCV 2018). Plain
3x3 convolutions and no depthwise ones: a processor does them at four times the rate, in training most of all.
"""

# B clips, T frames, N = B * T frames, C channels, H x W pixels, D embedding

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import NeckFeatures
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.padding import mean_over_frames
from reid_runtime.card import ClipSpec


class Compact(nn.Module):
    """(B, T, 3, H, W) -> NeckFeatures; D = whole + stripes * stripe; any T.

    Stripes share rows where the last map's rows are no multiple of their number.
    """

    def __init__(self, trunk: Trunk, *, stripes: int = 4, whole: int = 256, stripe: int = 64) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network.
            stripes: into how many the last map is cut, from head to foot.
            whole: numbers that describe the whole map.
            stripe: numbers that describe each stripe.
        """
        super().__init__()
        self.trunk = trunk
        self.stripes = stripes
        self.whole = nn.Linear(trunk.width, whole)
        self.parts = nn.ModuleList(nn.Linear(trunk.width, stripe) for _ in range(stripes))
        self.neck = nn.BatchNorm1d(whole + stripes * stripe)
        self.neck.bias.requires_grad_(False)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> NeckFeatures:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        frames_BTD = frames_to_clips(self._describe(maps_NCHW), clips_BTCHW.shape[1])
        before_BD = mean_over_frames(frames_BTD, present_BT)
        return NeckFeatures(embedding=self.neck(before_BD), frames=frames_BTD, before_neck=before_BD)

    def _describe(self, maps_NCHW: Tensor) -> Tensor:
        stripes_NCS = F.adaptive_avg_pool2d(maps_NCHW, (self.stripes, 1)).squeeze(3)
        parts = [part(stripes_NCS[:, :, index]) for index, part in enumerate(self.parts)]
        return torch.cat([self.whole(maps_NCHW.mean(dim=(2, 3))), *parts], dim=1)


NETWORKS: dict[str, Architecture] = {
    "compact-stripes-ibn": Architecture(
        paper="ours, after IBN-Net 2018 and PCB 2018",
        trunk=TrunkSpec("compact"),
        build=lambda trunk, clip: Compact(trunk),
        clip=ClipSpec(frames=8, height=128, width=64),
        small_clip=ClipSpec(frames=4, height=64, width=32),
        small_depths=(1, 1, 1, 1),
    )
}
