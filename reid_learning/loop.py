"""The loop: steps of one optimiser, checkpoints between them.

Whatever is random in a step is drawn from generators that the step's number seeds, so a run that was killed goes on
from its checkpoint to the very bits of one that was not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from passerby_events.errors import PasserbyError
from reid_learning.average import Average
from reid_learning.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reid_learning.recipes import Recipe, kept
from reid_learning.schedule import warm_cosine

Losses = Mapping[str, Tensor]


class TrainingError(PasserbyError):
    """A run that cannot go on; says why."""


@dataclass(frozen=True, slots=True)
class LoopParams:
    """
    Attributes:
        steps: of the optimiser, in all.
        rate: highest learning rate.
        warmup: steps until it is reached; without them the first ones spoil the norms' statistics.
        floor: share of the rate that is left at the end.
        decay: weight decay, of matrices and kernels only.
        average: decay of the moving average of the weights.
        max_norm: gradients longer than this are shortened.
        save_every: steps between two checkpoints.
        seed: of the weights at the start and of every step.
    """

    steps: int
    rate: float = 1e-3
    warmup: int = 100
    floor: float = 0.01
    decay: float = 0.02
    average: float = 0.995
    max_norm: float = 10.0
    save_every: int = 200
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TrainingStep:
    """What a step did.

    Attributes:
        number: from 0.
        losses: by name, before the step.
        learner: after it; still learning.
        average: after it; the moving average, in eval mode.
    """

    number: int
    losses: dict[str, float]
    learner: nn.Module
    average: nn.Module


def run(
    learner: nn.Module,
    losses: Callable[[int], Losses],
    params: LoopParams,
    *,
    folder: Path,
    recipe: Recipe,
    seen: tuple[str, ...],
) -> Iterator[TrainingStep]:
    """Runs what is left of a training, and yields after each step; the folder's checkpoint says where it stopped.

    Args:
        learner: everything that learns, heads included.
        losses: of the learner on the batch of that step, by name; their sum is what is brought down.
        params: see there.
        folder: for the checkpoint.
        recipe: all that the run's numbers depend on, but the data; a checkpoint of another one is refused.
        seen: the data, in words; the checkpoint keeps them beside those of before.

    Raises:
        CheckpointError: if the folder has a checkpoint that is not of this run.
        TrainingError: if a loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.AdamW(_groups(learner, params.decay), lr=params.rate)
    average = Average(learner, decay=params.average)
    checkpoint = load_checkpoint(folder, recipe=recipe)
    start = _restore(learner, average, optimiser, checkpoint)
    seen = tuple(dict.fromkeys((*(checkpoint.seen if checkpoint else ()), *seen)))
    for number in range(start, params.steps):
        torch.manual_seed(params.seed * 1_000_003 + number)
        found = _step(learner, losses, optimiser, params, number)
        average.update(learner, number)
        if (number + 1) % params.save_every == 0 or number + 1 == params.steps:
            save_checkpoint(_state(learner, average, optimiser, recipe, number + 1, seen), folder)
        yield TrainingStep(number, found, learner, average.network)


def _step(
    learner: nn.Module,
    losses: Callable[[int], Losses],
    optimiser: torch.optim.Optimizer,
    params: LoopParams,
    number: int,
) -> dict[str, float]:
    factor = warm_cosine(number, steps=params.steps, warmup=params.warmup, floor=params.floor)
    for group in optimiser.param_groups:
        group["lr"] = params.rate * factor
    learner.train()
    optimiser.zero_grad(set_to_none=True)
    found = losses(number)
    total = torch.stack(list(found.values())).sum()
    if not torch.isfinite(total):
        raise TrainingError(f"step {number}: expected finite losses, found {_shown(found)}: lower the rate")
    total.backward()
    nn.utils.clip_grad_norm_(learner.parameters(), params.max_norm)
    optimiser.step()
    return {name: float(value.detach()) for name, value in found.items()}


def _groups(learner: nn.Module, decay: float) -> list[dict[str, object]]:
    learning = [parameter for parameter in learner.parameters() if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in learning if parameter.ndim > 1], "weight_decay": decay},
        {"params": [parameter for parameter in learning if parameter.ndim <= 1], "weight_decay": 0.0},
    ]


def _restore(
    learner: nn.Module, average: Average, optimiser: torch.optim.Optimizer, checkpoint: Checkpoint | None
) -> int:
    if checkpoint is None:
        return 0
    learner.load_state_dict(checkpoint.learner)
    average.network.load_state_dict(checkpoint.average)
    optimiser.load_state_dict(checkpoint.optimiser)
    return checkpoint.step


def _state(
    learner: nn.Module,
    average: Average,
    optimiser: torch.optim.Optimizer,
    recipe: Recipe,
    step: int,
    seen: tuple[str, ...],
) -> Checkpoint:
    return Checkpoint(
        recipe=kept(recipe),
        step=step,
        learner=learner.state_dict(),
        average=average.network.state_dict(),
        optimiser=optimiser.state_dict(),
        seen=seen,
    )


def _shown(losses: Losses) -> str:
    return ", ".join(f"{name} {float(value.detach()):.4g}" for name, value in losses.items())
