"""What a network says of itself for the catalogue: where it is from, how it is built, which clips it takes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from torch import nn

from reid_models.architectures.backbones import Depths, Trunk, TrunkSpec
from reid_runtime.card import ClipSpec

PAPER_CLIP = ClipSpec(frames=4, height=256, width=128)
SMALL_CLIP = ClipSpec(frames=4, height=64, width=32)


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the clips may be that a network takes.

    Attributes:
        least: frames at least.
        multiple: of how many frames.
        is_built_in: whether a network is built for one length and takes no other; else one network takes them all.
        is_unrolled: whether it takes them all but its export only the one that it was exported with, because a
            recurrence is written out frame by frame there.
        takes_padding: whether the last frames of a clip may be padding that changes nothing, see `padding`; not where
            the frames are compared or merged by their places.
    """

    least: int = 1
    multiple: int = 1
    is_built_in: bool = False
    is_unrolled: bool = False
    takes_padding: bool = True

    @property
    def is_free_when_exported(self) -> bool:
        """Whether one exported network takes clips of every length."""
        return not (self.is_built_in or self.is_unrolled)

    def allow(self, frames: int) -> bool:
        """Whether a network can be built for, and run on, clips of that many frames."""
        return frames >= self.least and frames % self.multiple == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One network.

    Attributes:
        paper: authors, venue, and which of its networks this is.
        trunk: the frame network that it stands on; `build_trunk` makes it, with or without weights.
        build: (trunk, clip) -> the network, (B, T, 3, H, W) -> Features. `clip` says T, H and W where the network is
            tied to them. ValueError where it cannot be built for such clips.
        lengths: which T.
        clip: the paper's clips.
        small_clip: the smallest that it takes, for tests.
        small_depths: what tests put under it: "plain", five convolutions with the trunk's widths and strides; or, for
            networks that look inside the stages, a shallow ResNet with that many blocks in stages 2 to 5; or None, for
            no other trunk than its own.
    """

    paper: str
    trunk: TrunkSpec
    build: Callable[[Trunk, ClipSpec], nn.Module]
    lengths: Lengths = field(default=Lengths())
    clip: ClipSpec = PAPER_CLIP
    small_clip: ClipSpec = SMALL_CLIP
    small_depths: Depths | Literal["plain"] | None = "plain"
