"""Runs a detector's training."""

# B images, H x W pixels

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from torch import Tensor

from detectors.training.frames import FrameSet
from detectors.training.network import PersonNetwork
from detectors.training.objective import DetectorLearner, Target
from detectors.training.views import View, ViewParams, draw_view
from reid_learning.checkpoint import Checkpoint, CheckpointError
from reid_learning.clutter import clutter
from reid_learning.loop import LoopParams, Phase, TrainingError, TrainingStep, run
from reid_learning.optimisers import OptimiserParams, ScheduleParams
from reid_learning.progress import watch_training

CLUTTERS, CLUTTER_PX = 300, 480
"""Images of nothing that stand behind people, and their sides."""


@dataclass(frozen=True, slots=True)
class DetectorRecipe:
    """
    Attributes:
        loop: steps and rates.
        batch: views in a step.
        sides: of the views, pixels, one drawn for each step; multiples of 32.
        views: see there.
    """

    loop: LoopParams
    batch: int = 12
    sides: tuple[int, ...] = (256, 256, 320, 416)
    views: ViewParams = field(default=ViewParams())


STEPS, WARMUP_STEPS = 1500, 150


def small_person_detector(*, steps: int | None = None) -> DetectorRecipe:
    """The shipped detector: trained from nothing, on simulated people alone; `STEPS` where nobody says how many."""
    steps = steps or STEPS
    return DetectorRecipe(
        LoopParams(
            steps=steps,
            optimiser=OptimiserParams("adamw", rate=2e-3, decay=0.05),
            schedule=ScheduleParams("cosine", warmup=min(0.5, WARMUP_STEPS / steps)),
            average=0.99,
            save_every=100,
        )
    )


def train(recipe: DetectorRecipe, frames: FrameSet, folder: Path, *, console: Console) -> TrainingStep:
    """Runs what is left of the recipe, and returns its last step.

    Raises:
        TrainingError: if the run is over already.
    """
    torch.manual_seed(recipe.loop.seed)
    learner = DetectorLearner(PersonNetwork()).to(memory_format=torch.channels_last)
    batches = Batches(recipe, frames)
    phases = [Phase(lambda step: learner(*batches.batch(step)))]
    steps = run(learner, phases, recipe.loop, folder=folder, recipe=recipe, seen=frames.seen)
    done = deque(watch_training(steps, total=recipe.loop.steps, console=console), maxlen=1)
    if not done:
        raise TrainingError(f"expected a run with steps to go, found all {recipe.loop.steps} done in {folder}")
    return done.pop()


class Batches:
    """Batches of a recipe, each a function of its step alone."""

    def __init__(self, recipe: DetectorRecipe, frames: FrameSet) -> None:
        self._recipe = recipe
        self._frames = frames
        self._backgrounds = [
            clutter(np.random.default_rng((recipe.loop.seed, 1, number)), height=CLUTTER_PX, width=CLUTTER_PX)
            for number in range(CLUTTERS)
        ]

    def batch(self, step: int) -> tuple[Tensor, list[Target]]:
        """(B, 3, side, side) float32 BGR 0-255 and who is there."""
        recipe = self._recipe
        rng = np.random.default_rng((recipe.loop.seed, 0, step))
        side = int(rng.choice(recipe.sides))
        chosen = rng.integers(len(self._frames), size=recipe.batch)
        views = [
            draw_view(self._frames[int(index)], self._backgrounds, recipe.views, rng, side=side) for index in chosen
        ]
        images_BHWC = torch.from_numpy(np.stack([view.image[..., ::-1] for view in views]))
        return images_BHWC.permute(0, 3, 1, 2).float(), [_target(view) for view in views]


def restored_network(checkpoint: Checkpoint) -> PersonNetwork:
    """The averaged network of a run, in eval mode.

    Raises:
        CheckpointError: if the checkpoint is of another network.
    """
    network = PersonNetwork()
    try:
        DetectorLearner(network).load_state_dict(checkpoint.average)
    except RuntimeError as error:
        raise CheckpointError("expected a checkpoint of the small person detector, found another network's") from error
    return network.eval()


def _target(view: View) -> Target:
    return Target(torch.from_numpy(view.people), torch.from_numpy(view.unclear))
