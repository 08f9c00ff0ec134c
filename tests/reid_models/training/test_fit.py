import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn

from reid_learning.checkpoint import FILE, CheckpointError, read_checkpoint
from reid_learning.effects import EffectParams
from reid_learning.loop import TrainingError
from reid_learning.machine import Machine, MachineError
from reid_learning.optimisers import OptimiserParams
from reid_learning.run_log import FILE as LOG
from reid_models.ranking import RankingError
from reid_models.training.augment import AugmentParams
from reid_models.training.build import build_learner
from reid_models.training.evaluation.ask import ask
from reid_models.training.feeds.crops import CropFeedParams, Size
from reid_models.training.feeds.tracklets import TrackletFeedParams
from reid_models.training.fit import Lesson, fit
from reid_models.training.learners.identity import IdentityObjective
from reid_models.training.recipes.catalogue import RECIPES
from reid_models.training.recipes.compact import compact
from reid_models.training.restore import recipe_of, restored
from reid_models.training.sampling.batches import SamplerParams
from reid_models.training.tracklets import Dataset, DatasetError
from reid_runtime.card import ClipSpec
from testing.coloured_people import coloured_people
from testing.miniatures import dataset_on_disk
from testing.small_recipe import RECIPE

QUIET = Console(quiet=True)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return dataset_on_disk(tmp_path / "data")


def lesson(data: Dataset) -> Lesson:
    return Lesson(data.train, (data.seen,))


def ends_when_it_looks(data: Dataset, every: int) -> Lesson:
    """Ranking nobody ends a run from within, between two checkpoints."""
    nobody = replace(data, gallery=data.query)
    return Lesson(data.train, (data.seen,), asked=nobody, ask_every=every)


def averaged(run: Path) -> nn.Module:
    """The network that a run leaves."""
    checkpoint = read_checkpoint(run / FILE)
    return restored(recipe_of(checkpoint), checkpoint)


def test_a_short_training_ranks_people_whom_it_has_not_seen(data: Dataset, tmp_path: Path) -> None:
    recipe = replace(RECIPE, loop=replace(RECIPE.loop, steps=60, average=0.9))
    last = fit(recipe, lesson(data), tmp_path / "run", console=QUIET)
    assert last.losses["identity"] < np.log(8) - 0.5
    found = ask(averaged(tmp_path / "run"), data, recipe.test, recipe.network.clip)
    assert found.mean_average_precision > 0.8


def test_a_killed_training_goes_on_to_the_same_bits(data: Dataset, tmp_path: Path) -> None:
    whole = fit(RECIPE, lesson(data), tmp_path / "whole", console=QUIET)
    with pytest.raises(RankingError, match="same person in another camera"):
        fit(RECIPE, ends_when_it_looks(data, every=5), tmp_path / "killed", console=QUIET)
    again = fit(RECIPE, lesson(data), tmp_path / "killed", console=QUIET)
    assert again.losses == whole.losses
    ours, theirs = again.average.state_dict(), whole.average.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    with pytest.raises(TrainingError, match="found all 8 done"):
        fit(RECIPE, lesson(data), tmp_path / "killed", console=QUIET)


def test_graph_sampling_goes_on_to_the_same_bits_too(data: Dataset, tmp_path: Path) -> None:
    recipe = replace(RECIPE, feed=TrackletFeedParams(SamplerParams("graph", persons=4, tracklets=2)))
    whole = fit(recipe, lesson(data), tmp_path / "whole", console=QUIET)
    with pytest.raises(RankingError):
        fit(recipe, ends_when_it_looks(data, every=5), tmp_path / "killed", console=QUIET)
    assert fit(recipe, lesson(data), tmp_path / "killed", console=QUIET).losses == whole.losses


def test_a_run_is_lengthened_and_no_other_recipe_goes_on_with_it(data: Dataset, tmp_path: Path) -> None:
    fit(RECIPE, lesson(data), tmp_path / "run", console=QUIET)
    longer = replace(RECIPE, loop=replace(RECIPE.loop, steps=10))
    assert fit(longer, lesson(data), tmp_path / "run", console=QUIET).number == 9
    other = replace(RECIPE, objective=IdentityObjective(margin=0.5))
    with pytest.raises(CheckpointError, match=r"objective\.margin was 0\.3 and is 0\.5"):
        fit(other, lesson(data), tmp_path / "run", console=QUIET)


def test_a_log_has_a_line_for_each_step_and_each_look(data: Dataset, tmp_path: Path) -> None:
    fit(RECIPE, Lesson(data.train, (data.seen,), asked=data, ask_every=4), tmp_path / "run", console=QUIET)
    lines = [json.loads(line) for line in (tmp_path / "run" / LOG).read_text().splitlines()]
    assert [line["step"] for line in lines if "identity" in line] == list(range(1, 9))
    assert [line["step"] for line in lines if "rank1" in line] == [4, 8]


def test_a_run_begins_with_the_trunk_of_another_network(data: Dataset, tmp_path: Path) -> None:
    fit(RECIPE, lesson(data), tmp_path / "first", console=QUIET)
    network = replace(RECIPE.network, name="sta-resnet50")
    recipe = replace(RECIPE, network=network, loop=replace(RECIPE.loop, steps=1, optimiser=OptimiserParams(rate=0.0)))
    objective = IdentityObjective(inter_frame=0.1)
    recipe = replace(recipe, network=replace(network, clip=ClipSpec(2, 64, 32)), objective=objective)
    last = fit(recipe, lesson(data), tmp_path / "second", console=QUIET, begins_with=tmp_path / "first")
    before = averaged(tmp_path / "first").state_dict()
    after = last.learner.get_submodule("network").state_dict()
    assert torch.equal(after["trunk.stage4.0.conv1.weight"], before["trunk.stage4.0.conv1.weight"])


def test_half_precision_learns_and_what_a_processor_cannot_do_is_refused(data: Dataset, tmp_path: Path) -> None:
    last = fit(RECIPE, lesson(data), tmp_path / "half", console=QUIET, machine=Machine(precision="bf16"))
    assert np.isfinite(last.losses["identity"])
    with pytest.raises(MachineError, match="found fp16: take --amp bf16"):
        fit(RECIPE, lesson(data), tmp_path / "other", console=QUIET, machine=Machine(precision="fp16"))


def test_the_shipped_encoder_learns_from_crops_with_masks(tmp_path: Path) -> None:
    gentle = AugmentParams(
        wild=0.0, swap=1.0, erase=0.0, effects=EffectParams(light=0.1, gain=0.1, cast=0.05, grey=0.0)
    )
    recipe = compact(steps=60)
    feed = CropFeedParams((Size(1.0, 32, 16),), sampler=SamplerParams(persons=6, tracklets=3), augment=gentle)
    loop = replace(recipe.loop, average=0.9, optimiser=OptimiserParams(rate=3e-3))
    recipe = replace(recipe, feed=feed, loop=loop, network=replace(recipe.network, clip=ClipSpec(2, 32, 16)))
    people = coloured_people(40, 6)
    last = fit(recipe, Lesson(people, people.seen), tmp_path, console=QUIET)
    assert last.losses["identity"] < np.log(40) - 0.3


def test_the_next_encoder_begins_with_imagenet_and_takes_batches_of_people_who_look_alike(
    tmp_path: Path,
) -> None:
    [stage] = RECIPES["encoder"]().stages
    feed = CropFeedParams((Size(1.0, 32, 16),), sampler=SamplerParams("graph", persons=4, tracklets=2, by_camera=True))
    recipe = replace(stage.recipe, feed=feed, loop=replace(stage.recipe.loop, steps=2))
    recipe = replace(recipe, network=replace(recipe.network, clip=ClipSpec(2, 32, 16)))
    people = coloured_people(8, 4)
    last = fit(recipe, Lesson(people, people.seen), tmp_path, console=QUIET)
    assert set(last.losses) == {"identity", "triplet", "contrast"}
    assert np.isfinite(list(last.losses.values())).all()


def test_crops_and_tracklets_are_not_taken_for_each_other(data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="expected a set of crops"):
        fit(compact(steps=3), lesson(data), tmp_path, console=QUIET)


def test_an_objective_for_another_network_is_refused() -> None:
    from reid_models.training.learners.attributes import AttributeObjective

    with pytest.raises(DatasetError, match="expected an attribute-driven network, found pooling-mean-resnet50"):
        build_learner(replace(RECIPE, objective=AttributeObjective()), 4)
