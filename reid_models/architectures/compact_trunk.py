"""The stages under the compact network: residual blocks of two 3x3 convolutions, instance norm in the early ones."""

# N frames, C channels, H x W positions

from collections import OrderedDict

import torch
from torch import Tensor, nn

WIDTHS = (24, 32, 64, 128, 192)
DEPTHS = (2, 2, 2, 1)
INSTANCE_STAGES: tuple[int, ...] = (2,)
"""Whose first norms are half instance norms; later ones would take out the person with the camera."""


def compact_stages(depths: tuple[int, int, int, int], *, last_stride: int) -> list[nn.Module]:
    """Stages 1 to 5, with maps of a half, a quarter, an 8th, a 16th and, for a last stride of 1, again a 16th."""
    stem = OrderedDict[str, nn.Module](
        conv=nn.Conv2d(3, WIDTHS[0], 3, 2, 1, bias=False),
        norm=nn.BatchNorm2d(WIDTHS[0]),
        relu=nn.ReLU(inplace=True),
    )
    stages: list[nn.Module] = [nn.Sequential(stem)]
    for number, depth in enumerate(depths, start=2):
        stride = last_stride if number == 5 else 2
        has_instance_norm = number in INSTANCE_STAGES
        before, width = WIDTHS[number - 2 : number]
        first = ResidualBlock(before, width, stride=stride, has_instance_norm=has_instance_norm)
        rest = [ResidualBlock(width, width, stride=1, has_instance_norm=has_instance_norm) for _ in range(depth - 1)]
        stages.append(nn.Sequential(first, *rest))
    return stages


def compact_sides(side: int, *, last_stride: int) -> tuple[int, ...]:
    """Side of the map after each stage; every layer pads, and rounds up."""
    return tuple(-(-side // stride) for stride in (2, 4, 8, 16, 16 * last_stride))


class ResidualBlock(nn.Module):
    """relu(shortcut + norm(conv3x3(relu(norm(conv3x3(x)))))): (N, C, H, W) -> (N, width, H / stride, W / stride)."""

    def __init__(self, before: int, width: int, *, stride: int, has_instance_norm: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.norm1 = HalfInstanceNorm(width) if has_instance_norm else nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Identity() if stride == 1 and before == width else _projection(before, width, stride)

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """Maps -> maps."""
        inner_NCHW = self.norm1(self.conv1(maps_NCHW)).relu()
        outer_NCHW: Tensor = self.norm2(self.conv2(inner_NCHW)) + self.shortcut(maps_NCHW)
        return outer_NCHW.relu()


class HalfInstanceNorm(nn.Module):
    """Instance norm of the first half of the channels, batch norm of the others (IBN-Net, IBN-a)."""

    def __init__(self, width: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.instance = instance_norm(width // 2)
        self.batch = nn.BatchNorm2d(width - width // 2, eps=eps)

    def forward(self, maps_NCHW: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        half = self.instance.num_channels
        return torch.cat([self.instance(maps_NCHW[:, :half]), self.batch(maps_NCHW[:, half:])], dim=1)


def instance_norm(width: int) -> nn.GroupNorm:
    """Instance norm with weights, as a group norm of one channel a group: the same numbers, and faster."""
    return nn.GroupNorm(width, width)


def _projection(before: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))
