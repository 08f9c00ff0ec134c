from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from rich.console import Console

from reid_learning.effects import EffectParams
from reid_learning.loop import LoopParams, TrainingError
from reid_models.ranking import Labelled, RankingError
from reid_models.training.augment import AugmentParams
from reid_models.training.data import CropSet
from reid_models.training.evaluate import RankedClips, rank_clips
from reid_models.training.recipe import Recipe, Stage
from reid_models.training.train import Batches, Watch, build_learner, train, trained_network
from reid_runtime.card import ClipSpec
from testing.coloured_people import coloured_people

RECIPE = Recipe(
    network="compact-stripes-ibn",
    clip=ClipSpec(frames=2, height=32, width=16),
    stages=(Stage(0.7, 16, 8), Stage(1.0, 32, 16)),
    loop=LoopParams(steps=8, rate=3e-3, warmup=2, average=0.6, save_every=3),
    persons=6,
    crops=3,
)
GENTLE = AugmentParams(wild=0.0, swap=1.0, erase=0.0, effects=EffectParams(light=0.1, gain=0.1, cast=0.05, grey=0.0))
QUIET = Console(quiet=True)
NOBODY_TO_FIND = RankedClips(np.zeros((1, 2, 32, 16, 3), np.uint8), Labelled(np.zeros(1, int), np.zeros(1, int)))
"""Ranking these ends a run from within, between two checkpoints."""


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def clips_of(people: CropSet) -> RankedClips:
    crops = [cv2.resize(np.ascontiguousarray(crop[..., :3]), (16, 32)) for crop in people.parts[0]]
    return RankedClips(np.stack([np.stack([crop, crop]) for crop in crops]), Labelled(people.persons, people.cameras))


def test_a_short_training_ranks_people_whom_it_has_not_seen(tmp_path: Path) -> None:
    loop = replace(RECIPE.loop, steps=60, average=0.9)
    recipe = replace(RECIPE, loop=loop, stages=(Stage(1.0, 32, 16),), augment=GENTLE)
    clips = clips_of(coloured_people(20, 6, seed=9))
    torch.manual_seed(0)
    before = rank_clips(build_learner(recipe, 40).network.eval(), clips)
    last = train(recipe, coloured_people(40, 6), tmp_path, console=QUIET)
    after = rank_clips(trained_network(recipe, tmp_path), clips)
    assert last.losses["identity"] < np.log(40) - 0.3
    assert after.mean_average_precision > before.mean_average_precision + 0.1


def test_a_killed_training_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    people = coloured_people(12, 4)
    whole = train(RECIPE, people, tmp_path / "whole", console=QUIET)
    with pytest.raises(RankingError, match="same person in another camera"):
        train(RECIPE, people, tmp_path / "killed", console=QUIET, watch=Watch(NOBODY_TO_FIND, every=5))
    again = train(RECIPE, people, tmp_path / "killed", console=QUIET)
    assert again.losses == whole.losses
    ours, theirs = again.average.state_dict(), whole.average.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    with pytest.raises(TrainingError, match="found all 8 done"):
        train(RECIPE, people, tmp_path / "killed", console=QUIET)


def test_batches_have_the_size_of_their_stage_and_are_functions_of_the_step() -> None:
    batches, same = (Batches(RECIPE, coloured_people(8, 4)) for _ in range(2))
    small, persons = batches.batch(3)
    assert (small.shape, small.dtype) == ((18, 1, 3, 16, 8), torch.uint8)
    assert batches.batch(7)[0].shape == (18, 1, 3, 32, 16)
    assert torch.equal(small, same.batch(3)[0])
    assert torch.equal(persons, same.batch(3)[1])


def test_crops_are_changed_more_and_more_until_the_ramp_ends() -> None:
    assert RECIPE.augment_at(0).effects.blur == 0
    assert RECIPE.augment_at(0).swap == RECIPE.augment.swap
    half = replace(RECIPE, ramp=1.0).augment_at(4)
    assert half.erase == pytest.approx(RECIPE.augment.erase / 2)
    low, high = RECIPE.augment.effects.saturation
    assert half.effects.saturation == pytest.approx(((1 + low) / 2, (1 + high) / 2))
    assert RECIPE.augment_at(8) == RECIPE.augment


def test_a_folder_without_a_run_has_no_network(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train first"):
        trained_network(RECIPE, tmp_path)


def test_stages_must_reach_the_end() -> None:
    with pytest.raises(ValueError, match="expected stages up to the end of the run"):
        replace(RECIPE, stages=(Stage(0.9, 32, 16),))
