"""A trunk whose frames see each other: 3-D non-local blocks among its residual blocks (TKP and VRSTC)."""

# B clips, T frames, N = B * T frames, C channels, H x W positions of the last map

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from reid_models.architectures.backbones import Trunk, block_widths
from reid_models.architectures.layout import frames_to_clips, frames_to_volume, volume_to_frames
from reid_models.architectures.nonlocal_block import NonLocalBlock

POOL = (1, 2, 2)
"""Keys and values are max-pooled by it, in (T, H, W): a quarter of the logits."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a non-local block goes.

    Attributes:
        stage: 2 to 5.
        after: index of the residual block that it follows, from 0.
    """

    stage: int
    after: int


def every_second_block(trunk: Trunk, stages: Sequence[int] = (3, 4)) -> tuple[Place, ...]:
    """After every second residual block of these stages: for ResNet-50's third and fourth, 2 + 3 places.

    They are after blocks 1 and 3 of stage 3 and after 1, 3 and 5 of stage 4, as TKP's code has it.
    """
    return tuple(Place(stage, after) for stage in stages for after in range(1, _blocks(trunk, stage), 2))


class NonLocalTrunk(nn.Module):
    """(B, T, 3, H, W) -> maps (B, T, C, h, w), every frame's made with all frames of its clip in view; any T.

    The residual blocks see one frame each (a 3-D convolution whose kernel is 1 frame long is the 2-D one). The
    non-local blocks see all positions of all frames, in one attention. They start as the identity, so at the start the
    maps are those of the trunk.
    """

    def __init__(self, trunk: Trunk, places: Sequence[Place]) -> None:
        """Takes a trunk.

        Args:
            trunk: its stages are blocks one after the other.
            places: of the non-local blocks.

        Raises:
            ValueError: if the trunk has no such place, or a place comes twice.
        """
        super().__init__()
        for place in places:
            if place.stage not in range(2, 6) or place.after not in range(_blocks(trunk, place.stage)):
                raise ValueError(f"expected a place after a residual block of the trunk, found {place}")
        if len(set(places)) < len(places):
            raise ValueError(f"expected each place once, found {places}")
        self.trunk = trunk
        self.nonlocal_blocks = nn.ModuleDict(
            {_key(place): _nonlocal_block(block_widths(trunk, place.stage)[place.after]) for place in places}
        )

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """Clips, uint8 or float in [0, 1] -> maps; `present_BT` as in `padding`."""
        maps_NCHW = self.trunk.stage1(self.trunk.frames(clips_BTCHW))
        frames = clips_BTCHW.shape[1]
        for number, stage in enumerate(self.trunk.stages[1:], start=2):
            for index, block in enumerate(stage.children()):
                maps_NCHW = self._mixed(block(maps_NCHW), frames, Place(number, index), present_BT)
        return frames_to_clips(maps_NCHW, frames)

    def _mixed(self, maps_NCHW: Tensor, frames: int, place: Place, present_BT: Tensor | None) -> Tensor:
        if _key(place) not in self.nonlocal_blocks:
            return maps_NCHW
        return volume_to_frames(self.nonlocal_blocks[_key(place)](frames_to_volume(maps_NCHW, frames), present_BT))


def _blocks(trunk: Trunk, stage: int) -> int:
    return len(list(trunk.stages[stage - 1].children()))


def _key(place: Place) -> str:
    return f"stage{place.stage}_after{place.after}"


def _nonlocal_block(width: int) -> NonLocalBlock:
    """As TKP's code starts it: weights of variance 2 / outputs, and its last norm at 0."""
    block = NonLocalBlock(width, pool=POOL)
    for module in block.modules():
        if isinstance(module, nn.Conv1d):
            nn.init.normal_(module.weight, std=(2 / module.out_channels) ** 0.5)
    return block
