from dataclasses import replace
from pathlib import Path

import pytest

from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.changes import RecipeError, changed, with_field
from reid_models.training.clip_augment import ClipAugmentParams
from reid_models.training.recipes.catalogue import RECIPES, read_plan

RECIPE = RECIPES["gao-tp"]().stages[0].recipe


def test_fields_change_at_any_depth_and_the_others_stay() -> None:
    found = changed(
        RECIPE, {"loop": {"steps": 7, "optimiser": {"rate": 0.5}}, "network": {"trunk": {"kind": "compact"}}}
    )
    assert (found.loop.steps, found.loop.optimiser.rate, found.loop.optimiser.kind) == (7, 0.5, "adam")
    assert found.network.trunk == TrunkSpec("compact", last_stride=2)
    assert replace(found, loop=RECIPE.loop, network=RECIPE.network) == RECIPE


def test_the_command_line_names_fields_by_their_path() -> None:
    assert with_field(RECIPE, "feed.augment.flip", "0.25").feed.augment.flip == 0.25  # type: ignore[union-attr]
    assert with_field(RECIPE, "loop.max_norm", "null").loop.max_norm is None
    assert with_field(RECIPE, "loop.schedule.milestones", "[0.5, 0.9]").loop.schedule.milestones == (0.5, 0.9)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("loop.stepz", "3", r"expected one of the fields steps, optimiser, .* of loop, found stepz"),
        ("loop.steps", "many", r"loop\.steps: .*valid integer.*, found 'many'"),
        ("feed.augment.per", "video", r"feed\.augment\.per: .*'frame' or 'clip'.*, found 'video'"),
        ("network.trunk.last_stride", "3", r"network\.trunk: last_stride is 1 or 2, found 3"),
    ],
)
def test_what_is_no_field_or_no_value_is_one_line(path: str, value: str, expected: str) -> None:
    with pytest.raises(RecipeError, match=expected) as refused:
        with_field(RECIPE, path, value)
    assert "\n" not in str(refused.value)


def test_a_file_names_a_recipe_and_what_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("recipe: gao-tp\nfeed: {augment: {flip: 0.0}}\nloop: {seed: 4}\n")
    [stage] = read_plan(str(file)).stages
    assert stage.recipe.loop.seed == 4
    assert stage.recipe.feed.augment == replace(RECIPE.feed.augment, flip=0.0)  # type: ignore[arg-type]
    assert isinstance(stage.recipe.feed.augment, ClipAugmentParams)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("loop: {seed: 4}", "expected `recipe: NAME`"),
        ("recipe: gao-tpp", "expected one of the recipes .*, found gao-tpp"),
        ("recipe: [", "is no YAML"),
        ("recipe: gao-tp\nloops: {}", "expected one of the fields .*, found loops"),
    ],
)
def test_a_file_that_says_something_else_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError, match=expected) as refused:
        read_plan(str(file))
    assert "\n" not in str(refused.value)


def test_a_recipe_that_nobody_knows_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"expected a YAML file or one of the recipes compact, .*, found cosan"):
        read_plan("cosan")
    with pytest.raises(RecipeError, match=r"expected a recipe at .*none.yaml, found none"):
        read_plan(str(tmp_path / "none.yaml"))
