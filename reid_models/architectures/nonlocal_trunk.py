"""A frame network whose residual blocks see the whole clip at some depths: TKP's video network and VRSTC's."""

# B clips, T frames, N = B * T frames, C channels, H x W positions

from collections.abc import Collection

from torch import Tensor, nn

from reid_models.architectures.backbones import Trunk
from reid_models.architectures.layout import frames_to_volume, volume_to_frames
from reid_models.architectures.nonlocal_block import NonLocalBlock

STAGES = (3, 4)
"""res3 and res4 of the papers."""
POOL = (1, 2, 2)


class NonLocalTrunk(nn.Module):
    """Non-local blocks after every second residual block: (B, T, 3, H, W) -> the last maps (B * T, C, h, w).

    In stages 3 and 4 of ResNet-50 that is after blocks 2 and 4, and after 2, 4 and 6: five, as both papers have them.
    All convolutions of the trunk see one frame; only the non-local blocks mix frames. They start as the identity, so
    the network starts as its trunk. Any T.
    """

    def __init__(
        self, trunk: Trunk, *, stages: Collection[int] = STAGES, pool: tuple[int, int, int] | None = POOL
    ) -> None:
        """Takes a trunk.

        Args:
            trunk: a ResNet.
            stages: in which of the stages 2 to 5 the blocks are.
            pool: of their keys and values, see `NonLocalBlock`.

        Raises:
            ValueError: if a stage is not one of 2 to 5, or no stage has a second residual block.
        """
        super().__init__()
        if not set(stages) <= {2, 3, 4, 5}:
            raise ValueError(f"expected some of the stages 2, 3, 4 and 5, found {sorted(stages)}")
        self.trunk = trunk
        self.blocks = nn.ModuleDict()
        for number in sorted(set(stages)):
            depth = len(list(trunk.stages[number - 1].children()))
            for index in range(1, depth, 2):
                self.blocks[_name(number, index)] = NonLocalBlock(trunk.widths[number - 1], pool=pool)
        if not self.blocks:
            raise ValueError("expected a stage with two residual blocks or more, found none")

    def forward(self, clips_BTCHW: Tensor) -> Tensor:
        """Clips, uint8 or float in [0, 1] -> maps, frame by frame, clip by clip."""
        maps_NCHW = self.trunk.frames(clips_BTCHW)
        for number, stage in enumerate(self.trunk.stages, start=1):
            for index, layer in enumerate(stage.children()):
                maps_NCHW = layer(maps_NCHW)
                if (name := _name(number, index)) in self.blocks:
                    mixed_BCTHW = self.blocks[name](frames_to_volume(maps_NCHW, clips_BTCHW.shape[1]))
                    maps_NCHW = volume_to_frames(mixed_BCTHW)
        return maps_NCHW


def _name(stage: int, index: int) -> str:
    """Of the block after a residual block; indices from 0."""
    return f"stage{stage}_{index}"
