"""What a stage's folder says of itself: its recipe and its network, without anybody repeating the options of `fit`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from torch import nn

from reid_learning.checkpoint import Checkpoint, CheckpointError
from reid_learning.recipes import differences
from reid_models.training.build import build_learner
from reid_models.training.recipe import Recipe

CLASSIFIERS = ("classifier.weight", "classifier.linear.weight", "classifier.table", "guider.classifier.weight")
"""Where a learner has a row for each identity, by the kind of its head; those of attributes have none."""
ORIGIN = "origin.json"
"""What a stage's folder says of how it was asked for."""


@dataclass(frozen=True, slots=True)
class Origin:
    """
    Attributes:
        recipe: its name.
        stage: of the recipe.
        data: name of the data set that was learnt from.
        split: of that set.
    """

    recipe: str
    stage: str
    data: str
    split: int = 0


def write_origin(origin: Origin, folder: Path) -> None:
    """Leaves it in the folder of a stage."""
    (folder / ORIGIN).write_text(json.dumps(asdict(origin), indent=1) + "\n", encoding="utf-8")


def read_origin(folder: Path) -> Origin | None:
    """What a stage's folder says of how it was asked for; None: nothing.

    Raises:
        CheckpointError: if it cannot be read.
    """
    path = folder / ORIGIN
    if not path.is_file():
        return None
    try:
        return TypeAdapter(Origin).validate_json(path.read_bytes())
    except ValidationError as error:
        raise CheckpointError(f"{path}: expected recipe, stage, data and split, found {_first(error)}") from error


def recipe_of(checkpoint: Checkpoint) -> Recipe:
    """The recipe that a run's checkpoint keeps.

    Raises:
        CheckpointError: if it is of a kind that recipes do not have now.
    """
    return as_recipe(checkpoint.recipe)


def as_recipe(fields: Mapping[str, Any]) -> Recipe:
    """The recipe of such fields, which are those of `reid_learning.recipes.kept`.

    Raises:
        CheckpointError: if recipes have no such field or value now.
    """
    try:
        recipe = TypeAdapter(Recipe).validate_python(fields)
    except ValidationError as error:
        raise CheckpointError(f"expected the recipe of a run, found {_first(error)}: train anew") from error
    if unknown := differences(dict(fields), recipe):
        raise CheckpointError(f"expected the recipe of a run, found one of another version: {unknown[0]}: train anew")
    return recipe


def restored(recipe: Recipe, checkpoint: Checkpoint) -> nn.Module:
    """The averaged network of a run, in eval mode; the weights that it began with need not be there any more."""
    return restored_learner(recipe, checkpoint).get_submodule("network")


def restored_learner(recipe: Recipe, checkpoint: Checkpoint) -> nn.Module:
    """The same with all that was there for its training."""
    average = checkpoint.average
    identities = next((len(average[name]) for name in CLASSIFIERS if name in average), 1)
    learner = build_learner(replace(recipe, network=replace(recipe.network, weights=None)), identities)
    learner.load_state_dict(average)
    return learner.eval()


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(place) for place in first['loc']) or 'the file'}: {first['msg']}"
