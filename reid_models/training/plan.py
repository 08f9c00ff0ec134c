"""A paper's training from beginning to end: stages that go on from each other."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reid_models.training.changes import RecipeError
from reid_models.training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Stage:
    """
    Attributes:
        name: of its folder in the run's.
        recipe: what is learnt in it.
        after: name of the stage whose weights it begins with; None: with those of its recipe.
        prepared_by: name of the stage whose network changes the data set before this one learns from it: it labels
            people's attributes, finds the frames that nothing hides, or completes the others; see `prepare`. None: the
            set as it is.
    """

    name: str
    recipe: Recipe
    after: str | None = None
    prepared_by: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Attributes:
        title: of the paper, and which of its rows this is.
        stages: in order; the last one's network is the result.
    """

    title: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) < len(names):
            raise RecipeError(f"expected stages of different names, found {names}")
        for number, stage in enumerate(self.stages):
            for before in (stage.after, stage.prepared_by):
                if before is not None and before not in names[:number]:
                    raise RecipeError(f"expected {stage.name} to go on from a stage before it, found {before}")

    def mapped(self, change: Callable[[Recipe], Recipe]) -> "Plan":
        """The same with every recipe changed."""
        return replace(self, stages=tuple(replace(stage, recipe=change(stage.recipe)) for stage in self.stages))
