"""M3D: temporal convolutions of several reaches inside a 2-D network, beside a stream that sees frames alone.

Li, Zhang, Huang, "Multi-scale 3D Convolution Network for Video Based Person Re-Identification", AAAI 2019.
"""

# B clips, T frames, S steps that are left of them, C channels, H x W positions, N = H * W, D embedding

import copy
from collections import OrderedDict
from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from reid_models.architectures.architecture import Architecture, Lengths
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.inputs import check_clips
from reid_models.architectures.layout import frames_to_clips
from reid_runtime.card import ClipSpec

WIDTH = 128
"""D of one stream."""
PROBE_PX = 256
"""Sides of a frame by which a trunk's last stride is found."""
REDUCTION = 16
"""The channel attention's middle layer is that much narrower."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class M3DFeatures(Features):
    """Features of the temporal stream; `frames` is None.

    Attributes:
        steps: (B, S, D), one per stretch of frames that the strides in time leave; the embedding is their mean.
    """

    steps: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoStreamFeatures(Features):
    """Features of both streams; `frames` are the spatial one's. Each stream has a classifier and losses of its own.

    Attributes:
        spatial: (B, D / 2), the spatial stream's embedding.
        temporal: (B, D / 2), the temporal stream's embedding.
        steps: (B, S, D / 2), of the temporal stream.
    """

    spatial: Tensor
    temporal: Tensor
    steps: Tensor


class M3DLayer(nn.Module):
    """What a map adds to itself over time: sum over k = 1..K of relu(norm(temporal convolution of dilation k)).

    (B, T, C, H, W) -> (B, T / time_stride, C, H, W); every position of the map is a series of its own, C -> C, width 3,
    padded with zeros, no bias. Written as 2-D convolutions over (T, N), which are the faster ones on a CPU, rather than
    3-D ones over (T, H, W).

    Ours: the start. The layer adds exactly 0 because the norms' gamma and beta are 0. In the code the convolutions are
    0 instead; ReLU passes no gradient at 0, so they would stay 0 for ever. Here ReLU is written as a maximum, which
    passes half of it there and is the same elsewhere.
    """

    def __init__(self, width: int, *, branches: int, time_stride: int = 1) -> None:
        super().__init__()
        self.branches = nn.ModuleList(_branch(width, dilation, time_stride) for dilation in range(1, branches + 1))

    def forward(self, maps_BTCHW: Tensor) -> Tensor:
        """(B, T, C, H, W) -> (B, T / time_stride, C, H, W)."""
        series_BCTN = maps_BTCHW.flatten(3).transpose(1, 2)
        nothing = series_BCTN.new_zeros(())
        first, *others = [torch.maximum(branch(series_BCTN), nothing) for branch in self.branches]
        summed_BCTN: Tensor = sum(others, first)
        changes_BTCHW: Tensor = summed_BCTN.transpose(1, 2).unflatten(3, maps_BTCHW.shape[3:])
        return changes_BTCHW


def _branch(width: int, dilation: int, time_stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(
        width, width, (3, 1), stride=(time_stride, 1), padding=(dilation, 0), dilation=(dilation, 1), bias=False
    )
    norm = nn.BatchNorm2d(width)
    nn.init.zeros_(norm.weight)
    return nn.Sequential(OrderedDict[str, nn.Module](conv=convolution, norm=norm))


def run_bottleneck(block: Bottleneck, layer: nn.Module, maps_BTCHW: Tensor) -> Tensor:
    """ResNet's bottleneck with an M3D layer added after its 3 x 3 convolution.

    A block with a spatial stride s makes s neighbouring frames one: their mean after the 3 x 3 convolution and on the
    shortcut. At the layer's start it is `block` on every frame, then that mean.

    Args:
        block: torchvision's; its `downsample` may be None.
        layer: an `M3DLayer` whose time_stride is s.
        maps_BTCHW: T a multiple of s.

    Returns:
        (B, T / s, C', H / s, W / s).
    """
    frames, stride = maps_BTCHW.shape[1], _stride(block)
    maps_NCHW = maps_BTCHW.flatten(0, 1)
    kept_NCHW = maps_NCHW if block.downsample is None else block.downsample(maps_NCHW)
    inner_NCHW = F.relu(block.bn1(block.conv1(maps_NCHW)))
    inner_NCHW = F.relu(block.bn2(block.conv2(inner_NCHW)))
    inner_BTCHW = frames_to_clips(inner_NCHW, frames)
    inner_BSCHW = _merged(inner_BTCHW, stride) + layer(inner_BTCHW)
    out_MCHW = block.bn3(block.conv3(inner_BSCHW.flatten(0, 1)))
    kept_BSCHW = _merged(frames_to_clips(kept_NCHW, frames), stride)
    return F.relu(frames_to_clips(out_MCHW, frames // stride) + kept_BSCHW)


def _merged(maps_BTCHW: Tensor, stride: int) -> Tensor:
    """Means of `stride` neighbouring frames."""
    if stride == 1:
        return maps_BTCHW
    means_BSCHW: Tensor = maps_BTCHW.unflatten(1, (-1, stride)).mean(dim=2)
    return means_BSCHW


def run_stage(stage: nn.Module, layer: nn.Module, maps_BTCHW: Tensor, *, time_stride: int) -> Tensor:
    """A whole stage with an M3D layer behind it; ours, for trunks without bottlenecks.

    (B, T, C, H, W) -> (B, T / time_stride, C', H', W').
    """
    maps_BTCHW = frames_to_clips(stage(maps_BTCHW.flatten(0, 1)), maps_BTCHW.shape[1])
    changes_BSCHW: Tensor = layer(maps_BTCHW)
    return _merged(maps_BTCHW, time_stride) + changes_BSCHW


def _stride(block: Bottleneck) -> int:
    """Of the convolution: the block's own attribute keeps the published stride where a trunk has undone it."""
    return int(block.conv2.stride[0])


class ResidualAttention(nn.Module):
    """RAL: x / 2 + mask x, the mask sigmoid(spatial * channel * temporal), (B, T, C, H, W) -> the same shape.

    The spatial factor (B, 1, 1, H, W) and the channel factor (B, 1, C, 1, 1) are made from the mean over the frames,
    the temporal one (B, T, 1, 1, 1) from the mean of every frame, so that it is tied to T. No biases; the norms stand
    after the ReLUs, as in the code.
    """

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            nn.Conv2d(width, 1, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.BatchNorm2d(1),
            nn.Conv2d(1, 1, 1, bias=False),
        )
        self.channel = nn.Sequential(*_squeeze(width, width // REDUCTION), nn.ReLU())
        self.temporal = nn.Sequential(*_squeeze(frames, 2 * frames))

    def forward(self, maps_BTCHW: Tensor) -> Tensor:
        """(B, T, C, H, W) -> the same shape."""
        return maps_BTCHW * (self.mask(maps_BTCHW) + 0.5)

    def mask(self, maps_BTCHW: Tensor) -> Tensor:
        """(B, T, C, H, W) -> the same shape, in [0, 1]."""
        mean_BCHW = maps_BTCHW.mean(dim=1)
        spatial_B11HW = self.spatial(mean_BCHW).unsqueeze(1)
        channel_B1C11 = self.channel(mean_BCHW.mean(dim=(2, 3), keepdim=True)).unsqueeze(1)
        temporal_BT111 = self.temporal(maps_BTCHW.mean(dim=(2, 3, 4))[..., None, None]).unsqueeze(2)
        logits: Tensor = spatial_B11HW * (channel_B1C11 * temporal_BT111)
        return logits.sigmoid()


def _squeeze(width: int, middle: int) -> list[nn.Module]:
    return [
        nn.Conv2d(width, middle, 1, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(middle),
        nn.Conv2d(middle, width, 1, bias=False),
    ]


class M3D(nn.Module):
    """The temporal stream: ResNet-50 with five M3D layers: (B, T, 3, H, W) -> M3DFeatures.

    The layers stand after the stem's ReLU, before its pooling, and in the first bottleneck of every stage. T is halved
    wherever a bottleneck halves the map: for the paper's 8 frames 8, 8, 4, 2, 2 after the five stages, and 1 at the end
    where the trunk's last stride is 2. So T is a multiple of 4, or of 8. A layer has as many branches as the integer
    log2 of the frames that reach it in a clip of the length that the network is built for (3, 3, 3, 2, 1), but at least
    1; run it on another length, and they stay that many.

    With attention, a `ResidualAttention` follows stages 2, 3 and 4, and the network takes the length that it is built
    for only; the published one has a last stride of 2 then.

    What is left of the frames is averaged over its map, brought to D by a linear layer, and averaged. The classifier of
    the code is `heads.neck_head`. Ours: the layers' start (see `M3DLayer`), where exactly the stem's layer stands, and
    that lengths other than 8 are there at all.
    """

    def __init__(self, trunk: Trunk, frames: int, *, has_attention: bool = False, width: int = WIDTH) -> None:
        """Takes a trunk.

        Args:
            trunk: a ResNet of bottlenecks in the paper.
            frames: T that the numbers of branches are for.
            has_attention: whether the residual attention is there.
            width: D.

        Raises:
            ValueError: if the strides do not go into T.
        """
        super().__init__()
        self.trunk = trunk
        self.strides = _strides(trunk)
        self.multiple = prod(self.strides)
        self.only_frames = frames if has_attention else None
        self._check(frames)
        self.stem_layer = M3DLayer(trunk.widths[0], branches=_branches(frames))
        self.layers = nn.ModuleList()
        self.attentions = nn.ModuleList()
        for stage, stride, stage_width in zip(trunk.stages[1:], self.strides, trunk.widths[1:], strict=True):
            first = next(stage.children())
            inner = first.conv2.out_channels if isinstance(first, Bottleneck) else stage_width
            self.layers.append(M3DLayer(inner, branches=_branches(frames), time_stride=stride))
            frames //= stride
            is_attended = has_attention and stage is not trunk.stages[-1]
            self.attentions.append(ResidualAttention(stage_width, frames) if is_attended else nn.Identity())
        self.feat = nn.Linear(trunk.width, width)

    def forward(self, clips_BTCHW: Tensor) -> M3DFeatures:
        """Clips, uint8 or float in [0, 1] -> features.

        Raises:
            ValueError: if T is not one that the network takes.
        """
        check_clips(clips_BTCHW)
        self._check(clips_BTCHW.shape[1])
        maps_BTCHW = self._stem(clips_BTCHW)
        parts = zip(self.trunk.stages[1:], self.layers, self.strides, self.attentions, strict=True)
        for stage, layer, stride, attention in parts:
            maps_BTCHW = attention(_run_stage(stage, layer, maps_BTCHW, stride))
        steps_BSD: Tensor = self.feat(maps_BTCHW.mean(dim=(3, 4)))
        return M3DFeatures(embedding=steps_BSD.mean(dim=1), steps=steps_BSD)

    def _stem(self, clips_BTCHW: Tensor) -> Tensor:
        frames = clips_BTCHW.shape[1]
        layers = list(self.trunk.stage1.children())
        pools = [layers.pop()] if isinstance(layers[-1], nn.MaxPool2d) else []
        maps_BTCHW = frames_to_clips(nn.Sequential(*layers)(self.trunk.frames(clips_BTCHW)), frames)
        maps_BTCHW = maps_BTCHW + self.stem_layer(maps_BTCHW)
        return frames_to_clips(nn.Sequential(*pools)(maps_BTCHW.flatten(0, 1)), frames)

    def _check(self, frames: int) -> None:
        if self.only_frames is not None and frames != self.only_frames:
            raise ValueError(f"expected clips of {self.only_frames} frames, found {frames}")
        if frames == 0 or frames % self.multiple:
            raise ValueError(f"expected clips of a multiple of {self.multiple} frames, found {frames}")


def _strides(trunk: Trunk) -> tuple[int, ...]:
    """In time, of stages 2 to 5: a bottleneck's own; of others as ResNet-50 has them, and the last as its map's."""
    firsts = [next(stage.children()) for stage in trunk.stages[1:]]
    if all(isinstance(first, Bottleneck) for first in firsts):
        return tuple(_stride(first) for first in firsts if isinstance(first, Bottleneck))
    rows = [trunk.map_size(PROBE_PX, PROBE_PX, stage=stage)[0] for stage in (4, 5)]
    return 1, 2, 2, rows[0] // rows[1]


def _branches(frames: int) -> int:
    return max(1, frames.bit_length() - 1)


def _run_stage(stage: nn.Module, layer: nn.Module, maps_BTCHW: Tensor, stride: int) -> Tensor:
    first, *others = stage.children()
    if not isinstance(first, Bottleneck):
        return run_stage(stage, layer, maps_BTCHW, time_stride=stride)
    maps_BSCHW = run_bottleneck(first, layer, maps_BTCHW)
    return frames_to_clips(nn.Sequential(*others)(maps_BSCHW.flatten(0, 1)), maps_BSCHW.shape[1])


class SpatialStream(nn.Module):
    """Frames described one by one and averaged: (B, T, 3, H, W) -> Features, any T."""

    def __init__(self, trunk: Trunk, *, width: int = WIDTH) -> None:
        super().__init__()
        self.trunk = trunk
        self.feat = nn.Linear(trunk.width, width)

    def forward(self, clips_BTCHW: Tensor) -> Features:
        """Clips, uint8 or float in [0, 1] -> features."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        frames_BTD = frames_to_clips(self.feat(maps_NCHW.mean(dim=(2, 3))), clips_BTCHW.shape[1])
        return Features(embedding=frames_BTD.mean(dim=1), frames=frames_BTD)


class TwoStreamM3D(nn.Module):
    """Both streams, side by side: (B, T, 3, H, W) -> TwoStreamFeatures, D twice that of a stream; T as `M3D` has it.

    Ours: each half of `embedding` is brought to length 1 first, so that neither outweighs the other by its scale.
    """

    def __init__(self, spatial: SpatialStream, temporal: M3D) -> None:
        super().__init__()
        self.spatial = spatial
        self.temporal = temporal

    def forward(self, clips_BTCHW: Tensor) -> TwoStreamFeatures:
        """Clips, uint8 or float in [0, 1] -> features of both."""
        spatial: Features = self.spatial(clips_BTCHW)
        temporal: M3DFeatures = self.temporal(clips_BTCHW)
        halves = [F.normalize(spatial.embedding, dim=1), F.normalize(temporal.embedding, dim=1)]
        return TwoStreamFeatures(
            embedding=torch.cat(halves, dim=1),
            frames=spatial.frames,
            spatial=spatial.embedding,
            temporal=temporal.embedding,
            steps=temporal.steps,
        )


def _two_streams(trunk: Trunk, clip: ClipSpec) -> TwoStreamM3D:
    return TwoStreamM3D(SpatialStream(copy.deepcopy(trunk)), M3D(trunk, clip.frames, has_attention=True))


LI = "Li, Zhang, Huang 2019"
CLIP = ClipSpec(frames=8, height=256, width=128)
SMALL_CLIP = ClipSpec(frames=8, height=64, width=32)
HALVED_LAST = TrunkSpec("resnet50", last_stride=2)

NETWORKS: dict[str, Architecture] = {
    "m3d-plain-resnet50": Architecture(
        paper=f"{LI}, temporal stream without attention",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, clip: M3D(trunk, clip.frames),
        lengths=Lengths(least=4, multiple=4, takes_padding=False),
        clip=CLIP,
        small_depths=(1, 1, 1, 1),
    ),
    "m3d-attention-resnet50": Architecture(
        paper=f"{LI}, temporal stream",
        trunk=HALVED_LAST,
        build=lambda trunk, clip: M3D(trunk, clip.frames, has_attention=True),
        lengths=Lengths(least=8, multiple=8, is_built_in=True, takes_padding=False),
        clip=CLIP,
        small_clip=SMALL_CLIP,
        small_depths=(1, 1, 1, 1),
    ),
    "m3d-streams-resnet50": Architecture(
        paper=f"{LI}, both streams",
        trunk=HALVED_LAST,
        build=_two_streams,
        lengths=Lengths(least=8, multiple=8, is_built_in=True, takes_padding=False),
        clip=CLIP,
        small_clip=SMALL_CLIP,
        small_depths=(1, 1, 1, 1),
    ),
}
