"""What a run is made of: everything that its numbers depend on, but the data."""

from dataclasses import dataclass, field

from learning.loop import LoopParams
from reid_models.training.augment import AugmentParams
from reid_models.training.objectives import ObjectiveParams
from runtime.card import ClipSpec


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    Attributes:
        network: name in the catalogue.
        clip: that serving cuts; training takes crops of its size, one a clip.
        loop: steps and rates.
        persons: P of a batch.
        crops: K of each person.
        augment: see there.
        objective: see there.
    """

    network: str
    clip: ClipSpec
    loop: LoopParams
    persons: int = 16
    crops: int = 4
    augment: AugmentParams = field(default=AugmentParams())
    objective: ObjectiveParams = field(default=ObjectiveParams())
