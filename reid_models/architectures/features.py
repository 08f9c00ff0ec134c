"""What every network yields; a network that yields more has its own record beside its class, made from this one."""

# B clips, T frames, D embedding, F width of a frame's feature

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Attention:
    """What a network looked at, for people to see.

    Attributes:
        name: unique among those of a network.
        meaning: of the numbers and their axes.
        values: (B, ...).
    """

    name: str
    meaning: str
    values: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """A batch of clips, described.

    Classifiers are not part of a network (see `heads`): training puts one on top of what its loss reads, and serving
    never sees it. So there are no logits here, except where a paper feeds its own predictions back, as the attributes.

    Attributes:
        embedding: (B, D), what is matched; not brought to length 1.
        frames: (B, T, F), one feature per frame; None where the network mixes the frames before there is such a thing.
        frame_weights: (B, T, ...), how much each frame counts; sums to 1 over the frames. None where the paper does not
            weigh them.
    """

    embedding: Tensor
    frames: Tensor | None = None
    frame_weights: Tensor | None = None

    def attention(self) -> tuple[Attention, ...]:
        """What the paper's attention looked at; empty where it has none."""
        if self.frame_weights is None:
            return ()
        return (Attention("frame_weights", "(N, T, ...): how much each frame counts, 1 in all", self.frame_weights),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NeckFeatures(Features):
    """Features of a network that may end with a neck.

    Attributes:
        before_neck: (B, D), what the neck took: triplet losses read it, while the classifier and matching read
            `embedding`. The same tensor where there is no neck.
    """

    before_neck: Tensor
