"""The frame networks that the papers stand on, cut into five stages so that layers can go between them.

Stage 1 is the stem, stages 2 to 5 are the residual stages: the papers' numbers. Pixels are normalised inside.
"""

# B clips, T frames, N = B * T frames, C channels, H x W pixels

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torchvision.models import Inception3, ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck

from reid_models.architectures.compact_trunk import DEPTHS, WIDTHS, compact_sides, compact_stages
from reid_models.architectures.efficientnet_lite import WIDTHS as LITE_WIDTHS
from reid_models.architectures.efficientnet_lite import (
    efficientnet_lite0_sides,
    efficientnet_lite0_stages,
    own_names,
)
from reid_models.architectures.inputs import check_clips, check_sides
from reid_models.architectures.se_resnet import se_resnet_stages
from reid_models.architectures.weights import PACKAGE, load_exactly, read_package, read_state_dict
from reid_models.pixels import IMAGENET_MEAN, IMAGENET_STD

HALF = (0.5, 0.5, 0.5)
"""Mean and standard deviation that Inception-v3 was trained with."""
CLASSIFIERS = ("fc.", "last_linear.", "AuxLogits.")
"""What checkpoints for ImageNet have on top of a trunk, by the beginnings of the keys; it is left away."""

Depths = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class TrunkSpec:
    """Which frame network.

    Attributes:
        kind: resnet18, resnet50, se_resnet50, inception_v3 and efficientnet_lite0 without their classifiers, or
            compact, which is ours.
        last_stride: of stage 5: 1 keeps the map twice as fine (16 x 8 for 256 x 128), 2 is the network as published.
            Inception-v3 knows 2 only.
        instance_stages: of efficientnet_lite0, in which half of the expanded channels have instance norm: it takes out
            what a camera adds to an image.
    """

    kind: Literal["resnet18", "resnet50", "se_resnet50", "inception_v3", "efficientnet_lite0", "compact"]
    last_stride: int = 1
    instance_stages: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.last_stride not in (1, 2):
            raise ValueError(f"last_stride is 1 or 2, found {self.last_stride}")
        if self.kind == "inception_v3" and self.last_stride != 2:
            raise ValueError("inception_v3 has a last_stride of 2, found 1")
        if self.instance_stages and self.kind != "efficientnet_lite0":
            raise ValueError(f"instance norms are chosen for efficientnet_lite0, found {self.kind}")


class Trunk(nn.Module):
    """A frame network in five stages, `stage1` to `stage5`.

    Attributes:
        widths: channels after each of the five stages.
        least_px: the shortest side of frames that it takes.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        stages: Sequence[nn.Module],
        *,
        widths: tuple[int, ...],
        sides: Callable[[int], tuple[int, ...]],
        least_px: int = 1,
        mean: tuple[float, float, float] = IMAGENET_MEAN,
        std: tuple[float, float, float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        self.widths = widths
        self.least_px = least_px
        self._sides = sides
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        self.stage1, self.stage2, self.stage3, self.stage4, self.stage5 = stages

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """The five stages in order; the paper's stage n is `stages[n - 1]`."""
        return self.stage1, self.stage2, self.stage3, self.stage4, self.stage5

    @property
    def width(self) -> int:
        """Channels of the last map."""
        return self.widths[-1]

    def map_size(self, height: int, width: int, *, stage: int = 5) -> tuple[int, int]:
        """Rows and columns of the map after a stage (1 to 5), for frames of that many pixels.

        Raises:
            ValueError: for a ResNet, if the sides are no multiples of 4, which the stems round in different ways.
        """
        return self._sides(height)[stage - 1], self._sides(width)[stage - 1]

    def frames(self, clips_BTCHW: Tensor) -> Tensor:
        """Clips (B, T, 3, H, W), uint8 or float in [0, 1] -> normalised frames (B * T, 3, H, W), clip by clip.

        Raises:
            TypeError: if they are no tensor.
            ValueError: if the clips have another shape, their floats are not in [0, 1], or their frames are too small.
        """
        check_clips(clips_BTCHW)
        check_sides(clips_BTCHW, self.least_px)
        frames_NCHW = clips_BTCHW.flatten(0, 1).to(self.mean.dtype)
        if not clips_BTCHW.is_floating_point():
            frames_NCHW = frames_NCHW / 255
        return (frames_NCHW - self.mean) / self.std

    def forward(self, frames_NCHW: Tensor) -> Tensor:
        """Frames as `frames` gives them -> the last map (N, C, h, w)."""
        maps_NCHW = frames_NCHW
        for stage in self.stages:
            maps_NCHW = stage(maps_NCHW)
        return maps_NCHW


def build_trunk(spec: TrunkSpec, *, weights: str | None = None, depths: Depths | None = None) -> Trunk:
    """The frame network of a spec.

    Args:
        spec: which.
        weights: for `read_state_dict`: one of torchvision's names, `package` for those that come by pip, or a file with
            the keys of torchvision's network (of Cadene's, for SE-ResNet-50); its classifiers are left away. None
            starts from random numbers.
        depths: blocks in stages 2 to 5 in the place of the published ones; ResNets only.

    Raises:
        WeightsError: if the weights are not there or do not fit.
        ValueError: if Inception-v3 is to have other depths.
    """
    trunk = _trunk(spec, depths)
    if weights is not None:
        state = read_package(spec.kind) if weights == PACKAGE else read_state_dict(weights)
        if spec.kind == "efficientnet_lite0":
            load_exactly(trunk, own_names(state, trunk.stages), source=weights)
            return trunk
        renamed = {_renamed(key, trunk): value for key, value in state.items() if not key.startswith(CLASSIFIERS)}
        load_exactly(trunk, renamed, source=weights)
    return trunk


def _trunk(spec: TrunkSpec, depths: Depths | None) -> Trunk:
    sides = partial(resnet_sides, last_stride=spec.last_stride)
    match spec.kind:
        case "resnet18":
            stages = _resnet_stages(ResNet(BasicBlock, list(depths or (2, 2, 2, 2))), spec.last_stride)
            return Trunk(stages, widths=(64, 64, 128, 256, 512), sides=sides)
        case "resnet50":
            stages = _resnet_stages(ResNet(Bottleneck, list(depths or (3, 4, 6, 3))), spec.last_stride)
            return Trunk(stages, widths=(64, 256, 512, 1024, 2048), sides=sides)
        case "se_resnet50":
            stages = se_resnet_stages(depths or (3, 4, 6, 3), last_stride=spec.last_stride)
            return Trunk(stages, widths=(64, 256, 512, 1024, 2048), sides=sides, least_px=3)
        case "compact":
            compact = compact_stages(depths or DEPTHS, last_stride=spec.last_stride)
            sides = partial(compact_sides, last_stride=spec.last_stride)
            return Trunk(compact, widths=WIDTHS, sides=sides, least_px=5)
        case "efficientnet_lite0":
            if depths is not None:
                raise ValueError("efficientnet_lite0 has no depths to choose")
            lite = efficientnet_lite0_stages(last_stride=spec.last_stride, instance_stages=spec.instance_stages)
            sides = partial(efficientnet_lite0_sides, last_stride=spec.last_stride)
            return Trunk(lite, widths=LITE_WIDTHS, sides=sides)
        case "inception_v3":
            if depths is not None:
                raise ValueError("inception_v3 has no depths to choose")
            return _inception_trunk()


def _resnet_stages(resnet: ResNet, last_stride: int) -> list[nn.Sequential]:
    if last_stride == 1:
        _unstride(resnet.layer4[0])
    stem = OrderedDict[str, nn.Module](conv1=resnet.conv1, bn1=resnet.bn1, relu=resnet.relu, maxpool=resnet.maxpool)
    return [nn.Sequential(stem), resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4]


def _unstride(block: nn.Module) -> None:
    """Sets the stride of every convolution of a block to 1; its weights stay what they are."""
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)


def _inception_trunk() -> Trunk:
    """Stages end where the map shrinks: 3 x 299 x 299 -> 64 x 73, 192 x 35, 288 x 35, 768 x 17, 2048 x 8."""
    inception = Inception3(aux_logits=False, init_weights=False)
    groups = (
        ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1"),
        ("Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2"),
        ("Mixed_5b", "Mixed_5c", "Mixed_5d"),
        ("Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
        ("Mixed_7a", "Mixed_7b", "Mixed_7c"),
    )
    stages = [nn.Sequential(OrderedDict((name, inception.get_submodule(name)) for name in group)) for group in groups]
    return Trunk(stages, widths=(64, 192, 288, 768, 2048), sides=_inception_sides, least_px=75, mean=HALF, std=HALF)


def block_widths(trunk: Trunk, stage: int) -> tuple[int, ...]:
    """Channels after each block of a stage, 2 to 5: those of its last norm, which residual blocks end with.

    Raises:
        ValueError: if the stage is not made of such blocks.
    """
    blocks = trunk.stages[stage - 1].children()
    norms = [[norm.num_features for norm in block.modules() if isinstance(norm, nn.BatchNorm2d)] for block in blocks]
    widths = tuple(found[-1] for found in norms if found)
    if len(widths) < len(norms) or not widths or widths[-1] != trunk.widths[stage - 1]:
        raise ValueError(f"expected a trunk of residual blocks in stage {stage}, found another: take a ResNet, say")
    return widths


def resnet_sides(side: int, *, last_stride: int) -> tuple[int, ...]:
    """Side of the map after each stage, for frames of that side; every layer pads, and rounds up."""
    if side % 4:
        raise ValueError(f"expected frames with sides that are multiples of 4 pixels, found {side}")
    return tuple(-(-side // stride) for stride in (4, 4, 8, 16, 16 * last_stride))


def _inception_sides(side: int) -> tuple[int, ...]:
    """Side of the map after each stage, for frames of that side; where it is halved, nothing is padded."""
    first = _halved(_halved(side) - 2)
    second = _halved(first - 2)
    fourth = _halved(second)
    return first, second, second, fourth, _halved(fourth)


def _halved(side: int) -> int:
    """By a window of 3 with stride 2 and no padding."""
    return (side - 3) // 2 + 1


def _renamed(key: str, trunk: Trunk) -> str:
    """A key of the published network -> the trunk's; a key of neither stays as it is, for `load_exactly` to refuse."""
    if numbered := re.match(r"layer(\d)\.", key):
        return f"stage{int(numbered[1]) + 1}.{key[numbered.end() :]}"
    first = key.partition(".")[0]
    for number, stage in enumerate(trunk.stages, start=1):
        if first in dict(stage.named_children()):
            return f"stage{number}.{key}"
    return key
