"""Every recipe by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.changes import RecipeError, changed, read_changes
from reid_models.training.plan import Plan, Stage
from reid_models.training.recipes import attributes, comparators, gltr, tkp, vrstc
from reid_models.training.recipes.compact import compact
from reid_models.training.recipes.cosam import SE_RESNET50, cosam
from reid_models.training.recipes.encoder import encoder
from reid_models.training.recipes.frames import frames
from reid_models.training.recipes.gao import gao
from reid_models.training.recipes.modern import modern
from reid_models.training.recipes.small import small

STRIDED = TrunkSpec("resnet50", last_stride=2)
SMALL = "-small"
"""Ends the name of a recipe that is wanted at the size of `small`."""

RECIPES: dict[str, Callable[[], Plan]] = {
    "compact": lambda: Plan("a small encoder, from random weights", (Stage("crops", compact()),)),
    "encoder": encoder,
    "frames": frames,
    "modern": modern,
    "gao-tp": gao,
    "gao-ta": partial(gao, "pooling-attention-resnet50", row="TA"),
    "gao-rnn": partial(gao, "pooling-recurrent-resnet50", rate=1e-4, row="RNN"),
    "gao-image": partial(gao, frames=1, row="single images"),
    "cosam-tp": cosam,
    "cosam-ta": partial(cosam, "cosam-attention-resnet50", row="COSAM_4,5 TA on ResNet-50", trunk=STRIDED),
    "cosam-rnn": partial(cosam, "cosam-recurrent-resnet50", row="COSAM_4,5 RNN on ResNet-50", rate=1e-4),
    "cosam-se-tp": partial(
        cosam,
        "cosam-mean-se-resnet50",
        row="COSAM_4,5 TP on SE-ResNet-50",
        trunk=TrunkSpec("se_resnet50"),
        weights=SE_RESNET50,
    ),
    "gltr": gltr.gltr,
    "gltr-released": partial(gltr.gltr, "gltr-released-resnet50", row="GLTR as released"),
    "gltr-dtp": partial(gltr.gltr, "gltr-dtp-resnet50", row="DTP alone"),
    "gltr-tsa": partial(gltr.gltr, "gltr-tsa-resnet50", row="TSA alone"),
    "gltr-baseline": partial(gltr.gltr, None, row="baseline"),
    "tkp": tkp.tkp,
    "tkp-f": partial(tkp.tkp, distances=0.0, row="TKP-F"),
    "tkp-d": partial(tkp.tkp, features=0.0, row="TKP-D"),
    "tkp-baseline": partial(tkp.tkp, features=0.0, distances=0.0, row="baseline"),
    "attributes": attributes.attributes,
    "attributes-plain": partial(attributes.attributes, attributes.PLAIN, row="row B"),
    "attributes-baseline": partial(attributes.attributes, attributes.BASELINE, row="row A"),
    "attribute-transfer": attributes.transferred,
    "vrstc": vrstc.vrstc,
    "vrstc-baseline": vrstc.baseline,
    "vrstc-nl": partial(vrstc.baseline, vrstc.NON_LOCAL, row="+ NL"),
    "csa": comparators.csa,
    "csa-flow": partial(comparators.csa, has_flow=True, row="with flow"),
    "stmp": comparators.stmp,
    "m3d": comparators.m3d,
    "m3d-temporal": partial(comparators.m3d, "m3d-attention-resnet50", row="temporal stream"),
    "sta": comparators.sta,
    "ap3d": comparators.ap3d,
}


def read_plan(recipe: str) -> Plan:
    """The plan of a name, or of a YAML file that names one and says what changes in each of its stages.

    A name that ends with `-small` is that of the same plan at the size of `small`.

    Raises:
        RecipeError: if there is no such recipe, or it has no such field.
    """
    if not recipe.endswith((".yaml", ".yml")):
        return _named(recipe, "expected a YAML file or one of the recipes")
    found = read_changes(Path(recipe))
    name = found.pop("recipe")
    return _named(name, f"{recipe}: expected one of the recipes").mapped(lambda one: changed(one, found))


def _named(name: str, expected: str) -> Plan:
    plain = name.removesuffix(SMALL)
    if plain not in RECIPES:
        raise RecipeError(f"{expected} {', '.join(RECIPES)}, found {name}")
    plan = RECIPES[plain]()
    return small(plan) if name.endswith(SMALL) else plan


def recipe_name(recipe: str) -> str:
    """The name of a recipe, or the one that a YAML file changes.

    Raises:
        RecipeError: if the file is not there, or names none.
    """
    return str(read_changes(Path(recipe))["recipe"]) if recipe.endswith((".yaml", ".yml")) else recipe
