"""What a run is made of: everything that its numbers depend on, but the data."""

from dataclasses import dataclass, field

from reid_learning.loop import LoopParams
from reid_models.training.augment import AugmentParams
from reid_models.training.objectives import ObjectiveParams
from reid_runtime.card import ClipSpec


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a run.

    Attributes:
        until: share of the run that is done at its end; of the last, 1.
        height, width: of its crops, pixels.
    """

    until: float
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    Attributes:
        network: name in the catalogue.
        clip: that serving cuts; training takes one crop a clip.
        stages: sizes of the crops from the first step to the last; small ones teach the most per second.
        loop: steps and rates.
        persons: P of a batch.
        crops: K of each person.
        augment: see there; reached at the step where the share `ramp` of the run is done, from nothing at the start: as
            hard as in the end, crops teach a new network nothing for hundreds of steps.
        ramp: see there.
        objective: see there.
    """

    network: str
    clip: ClipSpec
    stages: tuple[Stage, ...]
    loop: LoopParams
    persons: int = 16
    crops: int = 4
    augment: AugmentParams = field(default=AugmentParams())
    ramp: float = 0.4
    objective: ObjectiveParams = field(default=ObjectiveParams())

    def __post_init__(self) -> None:
        if not self.stages or self.stages[-1].until < 1:
            raise ValueError(f"expected stages up to the end of the run, found {self.stages}")

    def augment_at(self, step: int) -> AugmentParams:
        """How far crops are changed at a step."""
        return self.augment.weaker(min(1.0, step / (self.ramp * self.loop.steps)))

    def stage(self, step: int) -> Stage:
        """The stage that a step is in."""
        return next(stage for stage in self.stages if step < stage.until * self.loop.steps)
