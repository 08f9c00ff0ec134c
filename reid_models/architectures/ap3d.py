"""AP3D: convolutions over time that look at the same part of the person in each frame.

Gu, Chang, Ma, Zhang and Chen, "Appearance-Preserving 3D Convolution for Video-based Person Re-identification", ECCV
2020.
"""

# B clips, T frames, N = B * T frames, C channels, H x W positions, P = H * W, S semantic channels

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec, block_widths
from reid_models.architectures.features import Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.padding import mean_over_frames, without_padding

SHARPNESS = 4.0
"""Of the softmax over a neighbour's positions, section 3.2."""
REDUCTION = 16


class Appearance(nn.Module):
    """APM: each neighbour of a frame, its positions brought to where the frame has the same thing.

    (B, T, C, H, W) -> (B, T, 2, C, H, W): of each frame the one before and the one after. Likeness is the cosine of S =
    C / 16 semantic channels; a neighbour's position that is like none of the frame's is damped by a gate. Outside the
    clip all is zero. No gradient flows through what the gate sees (released code).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        reduced = max(1, width // REDUCTION)
        self.semantic = nn.Conv2d(width, reduced, 1, bias=False)
        self.own = nn.Conv2d(width, reduced, 1, bias=False)
        self.other = nn.Conv2d(width, reduced, 1, bias=False)
        self.gate = nn.Conv2d(reduced, 1, 1, bias=False)

    def forward(self, maps_BTCHW: Tensor) -> Tensor:
        """Maps of a clip's frames -> of each frame its two neighbours, warped and gated."""
        semantic_BTSHW = self._of_frames(self.semantic, maps_BTCHW)
        neighbours = [
            self._gated(maps_BTCHW, _warped(semantic_BTSHW, _moved(semantic_BTSHW, by), _moved(maps_BTCHW, by)))
            for by in (1, -1)
        ]
        return torch.stack(neighbours, dim=2)

    def _gated(self, maps_BTCHW: Tensor, warped_BTCHW: Tensor) -> Tensor:
        own = self._of_frames(self.own, maps_BTCHW.detach())
        other = self._of_frames(self.other, warped_BTCHW.detach())
        return warped_BTCHW * self._of_frames(self.gate, own * other).sigmoid()

    @staticmethod
    def _of_frames(layer: nn.Module, maps_BTCHW: Tensor) -> Tensor:
        return frames_to_clips(layer(maps_BTCHW.flatten(0, 1)), maps_BTCHW.shape[1])


def _moved(maps_BTCHW: Tensor, by: int) -> Tensor:
    """Each frame's place taken by the one before (1) or after (-1); zeros at the end of the clip."""
    outside = torch.zeros_like(maps_BTCHW[:, :1])
    if by > 0:
        return torch.cat([outside, maps_BTCHW[:, :-1]], dim=1)
    return torch.cat([maps_BTCHW[:, 1:], outside], dim=1)


def _warped(queries_BTSHW: Tensor, keys_BTSHW: Tensor, values_BTCHW: Tensor) -> Tensor:
    """(B, T, C, H, W): each position a mean of the neighbour's, by likeness."""
    mixed_BTPC = F.scaled_dot_product_attention(
        _positions(F.normalize(queries_BTSHW, dim=2)),
        _positions(F.normalize(keys_BTSHW, dim=2)),
        _positions(values_BTCHW),
        scale=SHARPNESS,
    )
    return mixed_BTPC.transpose(2, 3).reshape(values_BTCHW.shape)


def _positions(maps_BTCHW: Tensor) -> Tensor:
    return maps_BTCHW.flatten(3).transpose(2, 3).contiguous()


class AppearanceConvolution(nn.Module):
    """AP-P3D-C without its spatial part: a map plus a convolution of width 3 over neighbour, itself, neighbour.

    (B, T, C, H, W) -> the same shape. The published form goes over 3 T frames with a stride of 3; that is one linear
    layer on three maps side by side. It starts at 0, so the layer starts as the identity.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.appearance = Appearance(width)
        self.temporal = nn.Conv2d(3 * width, width, 1, bias=False)
        nn.init.zeros_(self.temporal.weight)

    def forward(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """Maps of a clip's frames -> maps that have seen their neighbours; `present_BT` as in `padding`."""
        maps_BTCHW = without_padding(maps_BTCHW, present_BT)
        before, after = self.appearance(maps_BTCHW).unbind(2)
        seen_NCHW = torch.cat([before, maps_BTCHW, after], dim=2).flatten(0, 1)
        return maps_BTCHW + frames_to_clips(self.temporal(seen_NCHW), maps_BTCHW.shape[1])


class Ap3d(nn.Module):
    """ResNet-50 with AP-P3D-C: (B, T, 3, H, W) -> Features, D = the trunk's C; any T.

    The convolution stands in blocks 0 and 2 of stage 3 and 0, 2 and 4 of stage 4, in the place of the bottleneck's 3x3
    one. Spatial maximum, mean over the frames, batch norm: `embedding` is behind it, `frames` before. At the start it
    is the 2-D network.

    Ours: on a trunk without bottlenecks the temporal part follows the whole block.
    """

    def __init__(self, trunk: Trunk) -> None:
        """Takes a trunk."""
        super().__init__()
        self.trunk = trunk
        self.convolutions = nn.ModuleDict(
            {
                f"stage{stage}_block{index}": AppearanceConvolution(width)
                for stage in (3, 4)
                for index, width in enumerate(_inner_widths(trunk, stage))
                if index % 2 == 0
            }
        )
        self.neck = nn.BatchNorm1d(trunk.width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW = self.trunk.stage1(self.trunk.frames(clips_BTCHW))
        frames = clips_BTCHW.shape[1]
        for number, stage in enumerate(self.trunk.stages[1:], start=2):
            for index, block in enumerate(stage.children()):
                name = f"stage{number}_block{index}"
                if name in self.convolutions:
                    maps_NCHW = _run_block(block, self.convolutions[name], maps_NCHW, frames, present_BT)
                else:
                    maps_NCHW = block(maps_NCHW)
        frames_BTC = frames_to_clips(maps_NCHW.amax(dim=(2, 3)), frames)
        return Features(embedding=self.neck(mean_over_frames(frames_BTC, present_BT)), frames=frames_BTC)


def _inner_widths(trunk: Trunk, stage: int) -> list[int]:
    """Where the convolution stands in each block."""
    blocks = zip(trunk.stages[stage - 1].children(), block_widths(trunk, stage), strict=True)
    return [block.conv2.out_channels if isinstance(block, Bottleneck) else width for block, width in blocks]


def _run_block(
    block: nn.Module, convolution: nn.Module, maps_NCHW: Tensor, frames: int, present_BT: Tensor | None
) -> Tensor:
    if not isinstance(block, Bottleneck):
        return _over_clips(convolution, block(maps_NCHW), frames, present_BT)
    kept_NCHW = maps_NCHW if block.downsample is None else block.downsample(maps_NCHW)
    inner_NCHW = F.relu(block.bn1(block.conv1(maps_NCHW)))
    inner_NCHW = F.relu(block.bn2(_over_clips(convolution, block.conv2(inner_NCHW), frames, present_BT)))
    return F.relu(block.bn3(block.conv3(inner_NCHW)) + kept_NCHW)


def _over_clips(convolution: nn.Module, maps_NCHW: Tensor, frames: int, present_BT: Tensor | None) -> Tensor:
    mixed_BTCHW: Tensor = convolution(frames_to_clips(maps_NCHW, frames), present_BT)
    return mixed_BTCHW.flatten(0, 1)


NETWORKS: dict[str, Architecture] = {
    "ap3d-resnet50": Architecture(
        paper="Gu et al., ECCV 2020, AP3D",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, _: Ap3d(trunk),
        small_depths=(1, 1, 2, 1),
    ),
}
