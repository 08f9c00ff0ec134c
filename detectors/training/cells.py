"""The cells of a detector: where they lie, and boxes from what they say."""

# B images, A cells

from dataclasses import dataclass

import torch
from torch import Tensor

from detectors.grid import STRIDES_PX


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """All cells of an image.

    Attributes:
        corners: (A, 2) float32, x and y as numbers of cells.
        strides: (A, 1) float32, pixels.
    """

    corners: Tensor
    strides: Tensor

    @property
    def centres(self) -> Tensor:
        """(A, 2) pixels."""
        return (self.corners + 0.5) * self.strides


def cells(height: int, width: int) -> Cells:
    """Those of an image, in the order of the network's rows."""
    corners, strides = [], []
    for stride in STRIDES_PX:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing="ij")
        corners.append(torch.stack([x.flatten(), y.flatten()], dim=1))
        strides.append(torch.full((x.numel(), 1), float(stride)))
    return Cells(torch.cat(corners).float(), torch.cat(strides))


def decode(raw_BA4: Tensor, found: Cells) -> Tensor:
    """What cells say -> (B, A, 4) xyxy pixels; the rule of `detectors.yolox`."""
    centres = (raw_BA4[..., :2] + found.corners) * found.strides
    halves = raw_BA4[..., 2:].clamp(max=8.0).exp() * found.strides / 2
    return torch.cat([centres - halves, centres + halves], dim=-1)


def pairwise_iou(a_N4: Tensor, b_M4: Tensor) -> Tensor:
    """(N, M) intersection over union."""
    corner = torch.maximum(a_N4[:, None, :2], b_M4[None, :, :2])
    sides = (torch.minimum(a_N4[:, None, 2:], b_M4[None, :, 2:]) - corner).clamp(min=0)
    shared = sides.prod(dim=2)
    return shared / (_areas(a_N4)[:, None] + _areas(b_M4)[None, :] - shared).clamp(min=1e-9)


def paired_iou(a_N4: Tensor, b_N4: Tensor) -> Tensor:
    """(N,) intersection over union of row with row."""
    corner = torch.maximum(a_N4[:, :2], b_N4[:, :2])
    shared = (torch.minimum(a_N4[:, 2:], b_N4[:, 2:]) - corner).clamp(min=0).prod(dim=1)
    return shared / (_areas(a_N4) + _areas(b_N4) - shared).clamp(min=1e-9)


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1)
