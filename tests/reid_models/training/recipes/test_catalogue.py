"""Every recipe learns: at a size for a test, on made-up people."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn

from reid_learning.run_log import FILE
from reid_models.architectures.attribute_groups import RAP_GROUPS
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.feeds.tracklets import TrackletFeed, TrackletFeedParams
from reid_models.training.fit import Lesson, fit
from reid_models.training.recipe import Recipe
from reid_models.training.recipes.catalogue import RECIPES, read_plan
from reid_models.training.recipes.small import FACTORS, small
from reid_models.training.recipes.tkp import STEPS_PER_EPOCH
from reid_models.training.tracklets import TrackletSet
from reid_runtime.card import ClipSpec
from testing.miniatures import people_on_disk
from testing.small_recipe import RECIPE

OTHER_FEED = {"compact", "encoder"}
"""They learn from crops with masks; the tests of `fit` run them."""
ADVERSARIES = {"discriminators.whole", "discriminators.part"}
"""Their losses rise as the generators learn."""
LABELS = tuple(name for group in RAP_GROUPS for name in group.attributes)
COMPACT = TrunkSpec("compact")
STEPS = 15


def tiny(recipe: Recipe) -> Recipe:
    """From nothing, with all that it has: four persons are told apart at once by a classifier that is imprinted."""
    loop = replace(recipe.loop, schedule=replace(recipe.loop.schedule, warmup=0.0), seed=1)
    loop = replace(loop, optimiser=replace(loop.optimiser, factors=loop.optimiser.factors[len(FACTORS) :]))
    return replace(recipe, network=replace(recipe.network, attributes=LABELS), loop=loop, classifier="random")


def stages() -> dict[str, Recipe]:
    """Every stage of every recipe, those that differ in name or test alone once."""
    found: dict[str, Recipe] = {}
    for name, make in RECIPES.items():
        if name in OTHER_FEED:
            continue
        for stage in small(make(), trunk=COMPACT, steps=STEPS, clips=8, height=64, width=32).stages:
            found[f"{name}/{stage.name}"] = tiny(stage.recipe)
    different = {repr(replace(recipe, paper="", test=RECIPE.test)): name for name, recipe in reversed(found.items())}
    return {name: found[name] for name in reversed(different.values())}


STAGES = stages()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> TrackletSet:
    """Four persons, before two cameras twice each; half of the tracklets say what their people have on."""
    people = people_on_disk(tmp_path_factory.mktemp("people"), persons=4, tracklets=2, frames=9)
    of_persons = np.random.default_rng(0).integers(0, 2, (4, len(LABELS))).astype(np.float32)
    attributes = of_persons[people.persons]
    attributes[people.cameras == 1] = np.nan
    return replace(people, attributes=attributes, attribute_names=LABELS)


@pytest.mark.parametrize("name", STAGES)
def test_it_learns_with_all_that_should_learn(name: str, people: TrackletSet, tmp_path: Path) -> None:
    """Its loss falls: of who it is, where there is such a loss, as batch-hard triplets first draw all rows together."""
    recipe = STAGES[name]
    learner = fit(recipe, Lesson(people, ("made up",)), tmp_path, console=Console(quiet=True)).learner
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text(encoding="utf-8").splitlines()]
    losses = [line.get("identity", _sum(line)) for line in lines]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert not stuck(learner, recipe, people)


def _sum(line: dict[str, float]) -> float:
    return sum(value for name, value in line.items() if name not in {"step", "rate"} | ADVERSARIES)


def stuck(learner: nn.Module, recipe: Recipe, people: TrackletSet) -> set[str]:
    """Parameters that no phase gives a slope."""
    assert isinstance(recipe.feed, TrackletFeedParams)
    proxies = np.eye(4, dtype=np.float32)
    batch = TrackletFeed(recipe.feed, people, recipe.network.clip, seed=5, proxies=lambda: proxies).batch(0)
    found = {name for name, parameter in learner.named_parameters() if parameter.requires_grad}
    learner.train()
    for phase in learner.phases:  # type: ignore[union-attr]
        torch.stack(list(learner(batch, phase.name).values())).sum().backward()
        found -= {name for name, one in learner.named_parameters() if one.grad is not None and one.grad.any()}
    return found


def test_a_recipe_at_the_size_of_two_cores_has_another_name() -> None:
    recipe = read_plan("cosam-tp-small").stages[0].recipe
    assert recipe.network.clip == ClipSpec(frames=4, height=128, width=64)
    assert recipe.feed.sampler.batch == 16
    paper = read_plan("cosam-tp").stages[0].recipe.loop.optimiser
    assert recipe.loop.optimiser.rate == paper.rate
    rates = {name: recipe.loop.optimiser.factor_of(name) for name in (
        "network.trunk.stage2.block0.depthwise.weight", "network.trunk.stage4.block0.depthwise.weight",
        "network.layers.4.gate.0.weight", "classifier.weight")}  # fmt: skip
    assert list(rates.values()) == [0.0, 1.0, 1.0, 1.0]
    assert recipe.classifier == "imprinted"


def test_steps_are_those_of_the_papers_epochs() -> None:
    """From docs of the papers: COSAM's 62,400 and 15,600; TKP's 150 epochs, x 0.1 at 60 and 120."""
    cosam = read_plan("cosam-tp").stages[0].recipe.loop
    assert cosam.steps == 62_400
    assert cosam.schedule.milestones[0] * cosam.steps == 15_600
    tkp = read_plan("tkp").stages[0].recipe.loop
    assert [share * tkp.steps / STEPS_PER_EPOCH for share in tkp.schedule.milestones] == pytest.approx([60, 120])
