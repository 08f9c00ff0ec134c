"""Every recipe learns: at a size for a test, on made-up people."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from reid_models.architectures.attribute_groups import RAP_GROUPS
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.feeds.tracklets import TrackletFeed
from reid_models.training.fit import LOG, Lesson, fit
from reid_models.training.recipe import Recipe
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.recipes.small import small
from reid_models.training.tracklets import TrackletSet
from testing.miniatures import people_on_disk

LABELS = tuple(name for group in RAP_GROUPS for name in group.attributes)
COMPACT = TrunkSpec("compact")
HEIGHT, WIDTH = 64, 32
OTHER_FEED = {"compact"}
"""Learns from crops with masks; the tests of `fit` run it."""
ADVERSARIES = {"discriminators.whole", "discriminators.part"}
"""Their losses rise as the generators learn."""
STAGES = [
    pytest.param(name, stage.name, id=f"{name}/{stage.name}")
    for name, make in RECIPES.items()
    if name not in OTHER_FEED
    for stage in make().stages
]


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


def tiny(name: str, stage: str, *, steps: int) -> Recipe:
    plan = small(RECIPES[name](), trunk=COMPACT, steps=steps, clips=8, height=HEIGHT, width=WIDTH)
    recipe = next(one.recipe for one in plan.stages if one.name == stage)
    loop = replace(recipe.loop, schedule=replace(recipe.loop.schedule, warmup=0.0), seed=1)
    return replace(recipe, network=replace(recipe.network, attributes=LABELS), loop=loop)


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_all_that_should_learn_has_a_slope_after_two_steps(
    name: str, stage: str, people: TrackletSet, tmp_path: Path
) -> None:
    """Two, as layers that start as the identity pass nothing on before their first one."""
    recipe = tiny(name, stage, steps=2)
    last = fit(recipe, Lesson(people, ("made up",)), tmp_path, console=Console(quiet=True))
    assert all(np.isfinite(value) for value in last.losses.values())
    learner = last.learner
    feed = TrackletFeed(recipe.feed, people, recipe.network.clip, seed=5, proxies=lambda: np.eye(4, dtype=np.float32))  # type: ignore[arg-type]
    stuck = {name for name, parameter in learner.named_parameters() if parameter.requires_grad}
    for part in learner.parts:  # type: ignore[union-attr]
        losses = learner(feed.batch(0), part.name)
        sum(losses.values()).backward()
        stuck -= {name for name, one in learner.named_parameters() if one.grad is not None and one.grad.any()}
    assert not stuck


@pytest.mark.parametrize(("name", "stage"), STAGES)
def test_its_loss_falls_on_a_tiny_set(name: str, stage: str, people: TrackletSet, tmp_path: Path) -> None:
    """Of who it is, where there is such a loss: batch-hard triplets of a few steps mostly draw all rows together."""
    recipe = tiny(name, stage, steps=15)
    fit(recipe, Lesson(people, ("made up",)), tmp_path, console=Console(quiet=True))
    lines = [json.loads(line) for line in (tmp_path / LOG).read_text(encoding="utf-8").splitlines()]
    losses = [
        line.get("identity", sum(line[key] for key in line.keys() - {"step", "rate"} if key not in ADVERSARIES))
        for line in lines
    ]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
