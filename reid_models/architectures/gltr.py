"""GLTR: short-term cues by dilated temporal convolutions, long-term ones by attention among the frames.

Li, Wang, Tian, Gao, Zhang, "Global-Local Temporal Representations For Video Person Re-Identification", ICCV 2019.
"""

# B clips, T frames, C channels, H x W positions, F width of a frame's feature, D embedding

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.nonlocal_block import NonLocalBlock
from reid_models.architectures.padding import mean_over_frames, without_padding
from reid_runtime.card import ClipSpec

FRAME_WIDTH = 128
"""d of the paper."""
TAP_STD = 0.001
"""Of the temporal convolutions' weights at the start, in the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GLTRForm:
    """Where the paper and the released code differ.

    Attributes:
        dilations: of the pyramid's branches, in frames. Their number is N of the paper's figure 6.
        keeps_raw: whether the frame features stand before the branches; D = F (N + 1) then, and F N if not.
        branch_norm: which form of `NonLocalBlock` the attention has.
    """

    dilations: tuple[int, ...]
    keeps_raw: bool
    branch_norm: bool


PAPER = GLTRForm(dilations=(1, 2, 4), keeps_raw=False, branch_norm=True)
"""Dilations 2^(n-1), D = 384, batch norm and ReLU in the attention's query and key."""
RELEASED = GLTRForm(dilations=(1, 2, 3), keeps_raw=True, branch_norm=False)
"""Dilations n, D = 512, a plain non-local block."""


class DilatedPyramid(nn.Module):
    """DTP: parallel temporal convolutions of width 3, F -> F each, as long as the clip, without bias or activation.

    (B, F, T) -> (B, D, T): the frame features where they are kept, then the branches in the order of the dilations.
    """

    def __init__(self, width: int, dilations: Sequence[int], *, keeps_raw: bool) -> None:
        super().__init__()
        self.keeps_raw = keeps_raw
        self.width = width * (len(dilations) + keeps_raw)
        self.branches = nn.ModuleList(
            nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation, bias=False) for dilation in dilations
        )
        for weight in self.branches.parameters():
            nn.init.normal_(weight, std=TAP_STD)

    def forward(self, series_BFT: Tensor) -> Tensor:
        """(B, F, T) -> (B, D, T)."""
        kept = [series_BFT] if self.keeps_raw else []
        return torch.cat([*kept, *(branch(series_BFT) for branch in self.branches)], dim=1)


class GLTR(nn.Module):
    """A frame network, a linear layer to F per frame, DTP, TSA, mean over the frames: (B, T, 3, H, W) -> Features.

    Any T: the paper trains on 16 adjacent frames and describes a tracklet by one forward pass over all it has.
    `frames` are (B, T, F), before DTP; `embedding` is (B, D), the mean after TSA: D = 384 in the paper's form and 512
    in the released one; F N, F (N + 1) or F in general. Each of DTP and TSA can be left away (table 2 of the paper;
    without both it is that table's baseline).

    The classifier of the code is `heads.neck_head` on `embedding`; on `frames` it is that of the paper's first stage,
    which trains the frame network alone.

    Ours: both forms have the code's start (the paper has none) and no bias in DTP (the paper does not say). DTP alone
    keeps the frame feature beside the branches in the released form only; TSA alone works on F channels.
    """

    def __init__(
        self,
        trunk: Trunk,
        *,
        form: GLTRForm = RELEASED,
        has_dtp: bool = True,
        has_tsa: bool = True,
        frame_width: int = FRAME_WIDTH,
    ) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network.
            form: the paper's, the released one, or another.
            has_dtp: whether the pyramid is there.
            has_tsa: whether the attention is there.
            frame_width: F.
        """
        super().__init__()
        self.trunk = trunk
        self.feat = nn.Linear(trunk.width, frame_width)
        nn.init.kaiming_normal_(self.feat.weight, mode="fan_out")
        nn.init.zeros_(self.feat.bias)
        pyramid = DilatedPyramid(frame_width, form.dilations, keeps_raw=form.keeps_raw)
        self.width = pyramid.width if has_dtp else frame_width
        self.dtp = pyramid if has_dtp else nn.Identity()
        self.tsa = NonLocalBlock(self.width, branch_norm=form.branch_norm) if has_tsa else nn.Identity()

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`.

        `frame_weights` (B, T) are how much the others look at each frame in TSA, a mean over them; without gradient.
        """
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        frames_BTF = frames_to_clips(self.feat(maps_NCHW.mean(dim=(2, 3))), clips_BTCHW.shape[1])
        series_BDT: Tensor = self.dtp(without_padding(frames_BTF, present_BT).transpose(1, 2))
        weights_BT: Tensor | None = None
        if isinstance(self.tsa, NonLocalBlock):
            weights_BT = self.tsa.looked_at(series_BDT.detach(), present_BT).detach()
            series_BDT = self.tsa(series_BDT, present_BT)
        embedding_BD = mean_over_frames(series_BDT.transpose(1, 2), present_BT)
        return Features(embedding=embedding_BD, frames=frames_BTF, frame_weights=weights_BT)


LI = "Li et al. 2019"
CLIP = ClipSpec(frames=16, height=256, width=128)
RESNET50 = TrunkSpec("resnet50")

NETWORKS: dict[str, Architecture] = {
    "gltr-paper-resnet50": Architecture(
        paper=f"{LI}, as printed", trunk=RESNET50, build=lambda trunk, _clip: GLTR(trunk, form=PAPER), clip=CLIP
    ),
    "gltr-released-resnet50": Architecture(
        paper=f"{LI}, as released", trunk=RESNET50, build=lambda trunk, _clip: GLTR(trunk, form=RELEASED), clip=CLIP
    ),
    "gltr-dtp-resnet50": Architecture(
        paper=f"{LI}, DTP alone",
        trunk=RESNET50,
        build=lambda trunk, _clip: GLTR(trunk, form=PAPER, has_tsa=False),
        clip=CLIP,
    ),
    "gltr-tsa-resnet50": Architecture(
        paper=f"{LI}, TSA alone",
        trunk=RESNET50,
        build=lambda trunk, _clip: GLTR(trunk, form=PAPER, has_dtp=False),
        clip=CLIP,
    ),
    "gltr-baseline-resnet50": Architecture(
        paper=f"{LI}, the mean of the frames",
        trunk=RESNET50,
        build=lambda trunk, _clip: GLTR(trunk, form=PAPER, has_dtp=False, has_tsa=False),
        clip=CLIP,
    ),
}
