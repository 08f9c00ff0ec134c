"""Runs a recipe on a set of crops."""

# B crops, H x W pixels

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from reid_learning.checkpoint import load_checkpoint
from reid_learning.clutter import clutter
from reid_learning.loop import TrainingError, TrainingStep, run
from reid_learning.progress import watch_training
from reid_models.architectures.backbones import build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.compact import Compact
from reid_models.training.augment import augment
from reid_models.training.data import CropSet
from reid_models.training.evaluate import RankedClips, rank_clips
from reid_models.training.objectives import NeckLearner
from reid_models.training.recipe import Recipe
from reid_models.training.sampling import PersonSampler

CLUTTERS, CLUTTER_PX = 64, 256
"""Images of nothing that backgrounds are cut from, and their sides."""


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """Tracklets that are ranked while the training runs; nothing is learnt from them.

    Attributes:
        clips: see there.
        every: steps between two looks.
    """

    clips: RankedClips
    every: int


def train(
    recipe: Recipe, crop_set: CropSet, folder: Path, *, console: Console, watch: Watch | None = None
) -> TrainingStep:
    """Runs what is left of the recipe, and returns its last step.

    Args:
        recipe: what is run.
        crop_set: what is learnt from.
        folder: for the checkpoint; where there is one, the run goes on from it.
        console: for losses and figures.
        watch: what to rank while it runs.

    Raises:
        TrainingError: if the run is over already.
    """
    torch.manual_seed(recipe.loop.seed)
    learner = build_learner(recipe, crop_set.identities).to(memory_format=torch.channels_last)
    batches = Batches(recipe, crop_set)
    steps = run(
        learner,
        lambda step: learner(*batches.batch(step)),
        recipe.loop,
        folder=folder,
        recipe=recipe,
        seen=crop_set.seen,
    )
    last: TrainingStep | None = None
    for last in watch_training(steps, total=recipe.loop.steps, console=console):
        if watch is not None and (last.number + 1) % watch.every == 0:
            _say_rank(last, watch, console)
    if last is None:
        raise TrainingError(f"expected a run with steps to go, found all {recipe.loop.steps} done in {folder}")
    return last


class Batches:
    """Batches of a recipe, each a function of its step alone."""

    def __init__(self, recipe: Recipe, crop_set: CropSet) -> None:
        self._recipe = recipe
        self._set = crop_set
        seed = recipe.loop.seed
        self._sampler = PersonSampler(crop_set, persons=recipe.persons, crops=recipe.crops, seed=seed)
        self._clutter = [
            clutter(np.random.default_rng((seed, 3, number)), height=CLUTTER_PX, width=CLUTTER_PX)
            for number in range(CLUTTERS)
        ]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """(B, 1, 3, H, W) uint8 and (B,) int64 persons."""
        recipe = self._recipe
        rows = self._sampler.rows(step)
        rng = np.random.default_rng((recipe.loop.seed, 2, step))
        crops = self._set.crops(rows)
        others = [*crops, *self._clutter]
        stage, params = recipe.stage(step), recipe.augment_at(step)
        changed = [
            augment(crop, others, params, rng, margin=self._set.margin, height=stage.height, width=stage.width)
            for crop in crops
        ]
        crops_BHWC = torch.from_numpy(np.stack(changed))
        return crops_BHWC.permute(0, 3, 1, 2).unsqueeze(1), torch.from_numpy(self._set.persons[rows])


def build_learner(recipe: Recipe, identities: int) -> NeckLearner:
    """The network of a recipe with random weights, and what its losses need."""
    entry = CATALOGUE[recipe.network]
    network = entry.build(build_trunk(entry.trunk), recipe.clip)
    if not isinstance(network, Compact):
        raise ValueError(f"expected a recipe for a compact network, found {recipe.network}")
    return NeckLearner(network, identities, recipe.objective)


def trained_network(recipe: Recipe, folder: Path) -> Compact:
    """The averaged network of a folder's checkpoint, in eval mode.

    Raises:
        FileNotFoundError: if the folder has none.
    """
    checkpoint = load_checkpoint(folder, recipe=recipe)
    if checkpoint is None:
        raise FileNotFoundError(f"expected a checkpoint in {folder}, found none: train first")
    identities = len(checkpoint.average["classifier.weight"])
    learner = build_learner(recipe, identities)
    learner.load_state_dict(checkpoint.average)
    return learner.network.eval()


def _say_rank(step: TrainingStep, watch: Watch, console: Console) -> None:
    average = step.average
    assert isinstance(average, NeckLearner)
    found = rank_clips(average.network, watch.clips)
    figures = f"R1 {found.found_within(1):.1%}, R5 {found.found_within(5):.1%}, mAP {found.mean_average_precision:.1%}"
    console.print(f"step {step.number + 1}: {figures} of {found.queries} queries")
