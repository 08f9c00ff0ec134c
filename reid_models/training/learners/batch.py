"""What a step is given, on the device where it runs."""

# B clips, T frames, H x W pixels, A attributes

from dataclasses import dataclass

import torch
from torch import Tensor

from reid_learning.machine import gathered, own_share


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """
    Attributes:
        clips: (B, T, 3, H, W) uint8 RGB.
        persons: (B,) int64, classes.
        cameras: (B,) int64.
        attributes: (B, A) float32, NaN where nothing is known; A = 0 where the set has none.
    """

    clips: Tensor
    persons: Tensor
    cameras: Tensor
    attributes: Tensor

    def to(self, device: str) -> "Batch":
        """The same there."""
        return Batch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__slots__))

    @property
    def own_clips(self) -> Tensor:
        """What of the clips this process computes, of several that share a batch."""
        return own_share(self.clips)


def whole(rows: Tensor) -> Tensor:
    """What a network made of `own_clips`, (b, ...) -> (B, ...), so that losses over pairs see the whole batch."""
    return gathered(rows)


def as_batch(clips_BTCHW: Tensor, persons_B: Tensor) -> Batch:
    """A batch of which nothing else is known."""
    count = len(persons_B)
    return Batch(clips_BTCHW, persons_B, torch.zeros(count, dtype=torch.int64), torch.zeros(count, 0))
