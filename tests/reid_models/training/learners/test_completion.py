from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from reid_learning.optimisers import ScheduleParams
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.build import build_learner
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.batch import Batch, as_batch
from reid_models.training.learners.completion import (
    DISCRIMINATORS,
    GENERATORS,
    CompletionLearner,
    CompletionObjective,
)
from reid_models.training.recipe import NetworkParams
from reid_models.training.sampling.batches import SamplerParams
from reid_runtime.card import ClipSpec
from testing.miniatures import people_on_disk
from testing.small_recipe import RECIPE


@pytest.fixture
def learner() -> CompletionLearner:
    torch.manual_seed(0)
    recipe = replace(
        RECIPE,
        network=NetworkParams("stcnet", ClipSpec(3, 24, 16), trunk=TrunkSpec("compact")),
        objective=CompletionObjective(guider=(32, 16), channels=(4, 4, 8)),
    )
    found = build_learner(recipe, 3)
    assert isinstance(found, CompletionLearner)
    return found.train()


@pytest.fixture
def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    clips = torch.randint(0, 256, (4, 3, 3, 24, 16), generator=generator, dtype=torch.uint8)
    return as_batch(clips, torch.tensor([0, 1, 2, 0]))


def moved(learner: CompletionLearner) -> set[str]:
    return {
        name.partition(".")[0] for name, one in learner.named_parameters() if one.grad is not None and one.grad.any()
    }


def test_generators_learn_through_those_who_judge_them(learner: CompletionLearner, batch: Batch) -> None:
    losses = learner(batch, GENERATORS.name)
    sum(losses.values()).backward()
    learns = [one for name, one in learner.named_parameters() if name.startswith(GENERATORS.learns)]
    assert all(one.grad is not None and one.grad.any() for one in learns)
    assert "guider" not in moved(learner)


def test_discriminators_teach_the_generators_nothing(learner: CompletionLearner, batch: Batch) -> None:
    losses = learner(batch, DISCRIMINATORS.name)
    sum(losses.values()).backward()
    assert moved(learner) == {"whole_critic", "part_critic"}


def test_the_guider_stays_as_it_was(learner: CompletionLearner, batch: Batch) -> None:
    before = {name: value.clone() for name, value in learner.guider.state_dict().items()}
    learner(batch, GENERATORS.name)
    assert all(torch.equal(value, before[name]) for name, value in learner.guider.state_dict().items())
    assert not learner.guider.trunk.training


def test_what_is_dropped_is_drawn_anew(learner: CompletionLearner, batch: Batch) -> None:
    torch.manual_seed(1)
    first, second = (float(learner(batch, GENERATORS.name)["all"].detach()) for _ in range(2))
    torch.manual_seed(1)
    assert float(learner(batch, GENERATORS.name)["all"].detach()) == pytest.approx(first, abs=1e-6)
    assert first != second


def test_a_run_of_both_phases_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    people = people_on_disk(tmp_path / "people", persons=3, frames=4)
    recipe = replace(
        RECIPE,
        network=NetworkParams("stcnet", ClipSpec(3, 24, 16), trunk=TrunkSpec("compact")),
        loop=replace(RECIPE.loop, steps=4, schedule=ScheduleParams("constant")),
        feed=TrackletFeedParams(SamplerParams("shuffled", persons=3), rule="adjacent"),
        objective=CompletionObjective(guider=(32, 16), channels=(4, 4, 8)),
    )
    lesson, quiet = Lesson(people, ("made up",)), Console(quiet=True)
    whole = fit(recipe, lesson, tmp_path / "whole", console=quiet)
    fit(replace(recipe, loop=replace(recipe.loop, steps=2)), lesson, tmp_path / "cut", console=quiet)
    again = fit(recipe, lesson, tmp_path / "cut", console=quiet)
    assert again.losses == whole.losses
    ours, theirs = again.learner.state_dict(), whole.learner.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
