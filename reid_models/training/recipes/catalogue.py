"""Every recipe by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from reid_models.training.changes import RecipeError, changed, read_changes
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipes import gao
from reid_models.training.recipes.compact import compact
from reid_models.training.recipes.encoder import encoder
from reid_models.training.recipes.frames import frames

RECIPES: dict[str, Callable[[], Plan]] = {
    "compact": lambda: Plan("the shipped encoder", (Stage("crops", compact()),)),
    "encoder": encoder,
    "frames": frames,
    "gao-tp": gao.gao,
    "gao-rnn": partial(gao.gao, "pooling-recurrent-resnet50", rate=1e-4),
}


def read_plan(recipe: str) -> Plan:
    """The plan of a name, or of a YAML file that names one and says what changes in each of its stages.

    Raises:
        RecipeError: if there is no such recipe, or it has no such field.
    """
    if recipe in RECIPES:
        return RECIPES[recipe]()
    if not recipe.endswith((".yaml", ".yml")):
        raise RecipeError(f"expected a YAML file or one of the recipes {', '.join(RECIPES)}, found {recipe}")
    found = read_changes(Path(recipe))
    name = found.pop("recipe")
    if name not in RECIPES:
        raise RecipeError(f"{recipe}: expected one of the recipes {', '.join(RECIPES)}, found {name}")
    return RECIPES[name]().mapped(lambda one: changed(one, found))
