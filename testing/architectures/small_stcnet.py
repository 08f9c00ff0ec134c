"""An STCnet with few channels, and frames for it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reid_models.architectures.stcnet.generators import SpatialGenerator, TemporalGenerator
from reid_models.architectures.stcnet.network import Completion, Stcnet
from reid_models.architectures.stcnet.parts import part_masks

HEIGHT, WIDTH = 24, 16


def small_stcnet() -> Stcnet:
    """In eval mode."""
    torch.manual_seed(0)
    spatial = SpatialGenerator(channels=(6, 6, 8), dilations=(2, 4))
    return Stcnet(spatial, TemporalGenerator(channels=(6, 6, 8), dilations=(2, 4))).eval()


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a network is fed with; the masks drop the middle part of the even frames and the last one of the odd."""

    frames: Tensor
    previous: Tensor
    next: Tensor
    masks: Tensor

    def all(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """In the order of the network's arguments."""
        return self.frames, self.previous, self.next, self.masks


def inputs(count: int = 3, *, seed: int = 0) -> Inputs:
    """Noise in bytes."""
    generator = torch.Generator().manual_seed(seed)
    frames, previous, following = torch.randint(
        0, 256, (3, count, 3, HEIGHT, WIDTH), generator=generator, dtype=torch.uint8
    )
    is_dropped = torch.tensor([[False, True, False], [False, False, True]])[torch.arange(count) % 2]
    return Inputs(frames, previous, following, part_masks(is_dropped, HEIGHT, WIDTH))


def completed(network: Stcnet, found: Inputs) -> Completion:
    """Without gradient."""
    with torch.inference_mode():
        completion: Completion = network(*found.all())
    return completion
