"""The page of the recipes: each as the catalogue has it, stage by stage."""

from collections.abc import Iterator

from reid_models.training.plan import Stage
from reid_models.training.recipe import Recipe
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.recipes.small import CLIPS, FRAMES, HEIGHT, WIDTH

INTRODUCTION = f"""\
# Recipes

`reid-train fit NAME --data SET=FOLDER --out FOLDER` runs one, stage after stage, at the size and for the steps of its
paper; where each number is from stands in its file in `reid_models/training/recipes/`. `reid-train reproduce PAPER`
runs all recipes of a paper, evaluates them and prints their rows beside the paper's.

`NAME-small` is the same on {HEIGHT} x {WIDTH} crops and EfficientNet-lite0, with at most {CLIPS} clips in a batch and
{FRAMES} frames in a clip: what two cores learn in twenty minutes, if it begins with a trunk that `frames` has trained
(`--begin-with RUN/frames`). First rates, losses and samplers stay; rates fall along a cosine. Every network takes every
trunk (`--trunk`); where a paper looks inside ResNet's blocks, its layers follow the blocks or the stages of another
one.

| recipe | what | stage | network | clip | batch | steps | rate |
|---|---|---|---|---|--:|--:|--:|
"""
STAGES = """
Stages hand on more than weights. `attribute-transfer` takes two sets, `--data` with attributes first: what it learns
there labels the second one's people. `vrstc` learns who people are (`guider`), then to complete the frames that nothing
hides (`stcnet`), then from the completed set (`clips`); `reid-train complete RUN/stcnet --data SET=FOLDER --out FOLDER`
completes another set. A completed set is a data set of its own: frames of one size, a card that counts what was
changed, and a list of the files and their parts.
"""


def recipes_page() -> str:
    return INTRODUCTION + "".join(_rows()) + STAGES


def _rows() -> Iterator[str]:
    for name, plan_of in RECIPES.items():
        plan = plan_of()
        for number, stage in enumerate(plan.stages):
            head = f"`{name}` | {plan.title}" if number == 0 else " | "
            yield f"| {head} | {_stage(stage)} | {_numbers(stage.recipe)} |\n"


def _stage(stage: Stage) -> str:
    after = dict.fromkeys(one for one in (stage.after, stage.prepared_by) if one is not None)
    return f"{stage.name}, after {' and '.join(after)}" if after else stage.name


def _numbers(recipe: Recipe) -> str:
    clip, optimiser = recipe.network.clip, recipe.loop.optimiser
    size = f"{clip.frames} x {clip.height} x {clip.width}"
    rate = f"{optimiser.kind}, {optimiser.rate:g}"
    return f"{recipe.network.name} | {size} | {recipe.feed.sampler.batch} | {recipe.loop.steps} | {rate}"
