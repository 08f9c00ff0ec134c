"""A small person detector in the form of YOLOX: no anchors, strides 8, 16, 32, boxes and scores from separate towers.

Ours in its layers: plain 3x3 convolutions where the maps are small, depthwise ones where they are large, which suits a
processor. What it yields is what `detectors.yolox` reads (Ge et al., "YOLOX", arXiv 2107.08430).
"""

# B images, C channels, H x W pixels or positions, A cells of all strides

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEM = (16, 32)
WIDTHS = (64, 96, 160)
DEPTHS = (2, 3, 2)
NECK = 64
PRIOR = 0.01
"""Score of every cell at the start: most of them see nobody."""


class PersonNetwork(nn.Module):
    """(B, 3, H, W) BGR 0-255 -> (B, A, 6): x, y, width, height undecoded, and logits of objectness and person.

    H and W are multiples of 32. Cells stand stride by stride, row by row.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, STEM[0], stride=2), _conv(STEM[0], STEM[1], stride=2))
        self.stages = nn.ModuleList(
            nn.Sequential(_conv(before, width, stride=2), *(Bottleneck(width) for _ in range(depth)))
            for before, width, depth in zip((STEM[1], *WIDTHS), WIDTHS, DEPTHS, strict=False)
        )
        self.laterals = nn.ModuleList(_conv(width, NECK, side=1) for width in WIDTHS)
        self.merges = nn.ModuleList(_separable(NECK) for _ in WIDTHS)
        self.box_tower = nn.Sequential(_separable(NECK), _separable(NECK))
        self.score_tower = nn.Sequential(_separable(NECK), _separable(NECK))
        self.box = nn.Conv2d(NECK, 4, 1)
        self.objectness = nn.Conv2d(NECK, 1, 1)
        self.person = nn.Conv2d(NECK, 1, 1)
        for layer in (self.objectness, self.person):
            nn.init.constant_(layer.bias, -math.log((1 - PRIOR) / PRIOR))  # type: ignore[arg-type]  # it has one

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Images -> rows of all cells."""
        rows = [self._read(maps_BCHW).flatten(2) for maps_BCHW in self._maps(images_BCHW)]
        return torch.cat(rows, dim=2).transpose(1, 2)

    def _maps(self, images_BCHW: Tensor) -> Sequence[Tensor]:
        """Maps of every stride, each with what the coarser ones saw (Lin et al., "FPN", CVPR 2017)."""
        found: list[Tensor] = []
        maps_BCHW = self.stem(images_BCHW / 128 - 1)
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            maps_BCHW = stage(maps_BCHW)
            found.append(lateral(maps_BCHW))
        for index in reversed(range(len(found) - 1)):
            found[index] = found[index] + F.interpolate(found[index + 1], scale_factor=2.0, mode="nearest")
        return [merge(one) for merge, one in zip(self.merges, found, strict=True)]

    def _read(self, maps_BCHW: Tensor) -> Tensor:
        seen_BCHW = self.box_tower(maps_BCHW)
        scores_BCHW = self.score_tower(maps_BCHW)
        return torch.cat([self.box(seen_BCHW), self.objectness(seen_BCHW), self.person(scores_BCHW)], dim=1)


class ServedDetector(nn.Module):
    """What is exported: as above, with scores in [0, 1]."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, A, 6)."""
        rows: Tensor = self.network(images)
        return torch.cat([rows[..., :4], rows[..., 4:].sigmoid()], dim=2)


class Bottleneck(nn.Module):
    """x + conv3x3(conv1x1(x)), half as wide in the middle."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(_conv(width, width // 2, side=1), _conv(width // 2, width))

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        added_BCHW: Tensor = maps_BCHW + self.inner(maps_BCHW)
        return added_BCHW


def _conv(before: int, width: int, *, side: int = 3, stride: int = 1, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(before, width, side, stride, side // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True))


def _separable(width: int) -> nn.Sequential:
    """3x3 on every channel alone, then 1x1 over the channels."""
    return nn.Sequential(*_conv(width, width, groups=width), *_conv(width, width, side=1))
