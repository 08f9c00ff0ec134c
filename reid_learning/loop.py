"""The loop: steps of one or more optimisers, checkpoints between them.

Whatever is random in a step is drawn from generators that the step's number seeds, so a run that was killed goes on
from its checkpoint to the very bits of one that was not.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from passerby_events.errors import PasserbyError
from reid_learning.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from reid_learning.machine import Machine, rank
from reid_learning.optimisers import OptimiserParams, ScheduleParams, build_optimiser, build_schedule
from reid_learning.recipes import Recipe, kept

Losses = Mapping[str, Tensor]


class TrainingError(PasserbyError):
    """A run that cannot go on; says why."""


@dataclass(frozen=True, slots=True)
class LoopParams:
    """
    Attributes:
        steps: of the optimiser, in all.
        optimiser: see there.
        schedule: of its rates.
        average: decay of the moving average of the weights, which is what is evaluated and exported; 0: the last ones.
        max_norm: gradients longer than this are shortened; None: they are taken as they are.
        accumulate: batches whose gradients make one step.
        save_every: steps between two checkpoints.
        seed: of the weights at the start and of every step.
    """

    steps: int
    optimiser: OptimiserParams = field(default=OptimiserParams())
    schedule: ScheduleParams = field(default=ScheduleParams())
    average: float = 0.995
    max_norm: float | None = 10.0
    accumulate: int = 1
    save_every: int = 200
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Phase:
    """What learns by what, in one part of a step; adversaries learn one after the other.

    Attributes:
        losses: of the batch of that number, by name; their sum is what is brought down.
        learns: beginnings of the names of the parameters that learn in it.
        name: stands before the names of the losses, where there are several phases.
    """

    losses: Callable[[int], Losses]
    learns: tuple[str, ...] = ("",)
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingStep:
    """What a step did.

    Attributes:
        number: from 0.
        losses: by name, before the step.
        rate: learning rate of the step, of the first group.
        learner: after it; still learning.
        average: after it; the moving average, in eval mode.
    """

    number: int
    losses: dict[str, float]
    rate: float
    learner: nn.Module
    average: nn.Module


def run(
    learner: nn.Module,
    phases: Sequence[Phase],
    params: LoopParams,
    *,
    folder: Path,
    recipe: Recipe,
    seen: tuple[str, ...],
    machine: Machine = Machine(),  # noqa: B008  # frozen
) -> Iterator[TrainingStep]:
    """Runs what is left of a training, and yields after each step; the folder's checkpoint says where it stopped.

    Args:
        learner: everything that learns, heads included; on the machine's device.
        phases: of each step, one after the other.
        params: see there.
        folder: for the checkpoint.
        recipe: all that the run's numbers depend on, but the data; a checkpoint of another one is refused, unless it
            is the same with fewer steps: then the run is lengthened.
        seen: the data, in words; the checkpoint keeps them beside those of before.
        machine: precision of the passes.

    Raises:
        CheckpointError: if the folder has a checkpoint that is not of this run.
        TrainingError: if a loss is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frozen = _freeze(learner, params)
    average = _average(learner, params.average)
    learners = [_Learning(learner, phase, params, machine) for phase in phases]
    checkpoint = load_checkpoint(folder, recipe=recipe)
    start = _restore(learner, average, learners, checkpoint)
    seen = tuple(dict.fromkeys((*(checkpoint.seen if checkpoint else ()), *seen)))
    for number in range(start, params.steps):
        torch.manual_seed(params.seed * 1_000_003 + number)
        learner.train()
        for module in frozen:
            module.eval()
        rate = learners[0].rate
        found = {name: value for learning in learners for name, value in learning.step(number).items()}
        average.update_parameters(learner)
        is_last = number + 1 == params.steps
        if rank() == 0 and (is_last or (number + 1) % params.save_every == 0):
            save_checkpoint(_state(learner, average, learners, recipe, number + 1, seen), folder)
        yield TrainingStep(number, found, rate, learner, average.module)


class _Learning:
    """One phase with its optimiser."""

    def __init__(self, learner: nn.Module, phase: Phase, params: LoopParams, machine: Machine) -> None:
        named = [
            (name, parameter)
            for name, parameter in learner.named_parameters()
            if name.startswith(phase.learns) and parameter.requires_grad
        ]
        if not named:
            raise TrainingError(f"expected parameters that begin with {' or '.join(phase.learns)}, found none")
        self._parameters = [parameter for _, parameter in named]
        self._phase = phase
        self._params = params
        self._machine = machine
        self.optimiser = build_optimiser(params.optimiser, named)
        self.scaler = machine.scaler()
        self._schedule = build_schedule(params.schedule, self.optimiser, steps=params.steps)

    @property
    def rate(self) -> float:
        return float(self.optimiser.param_groups[0]["lr"])

    def forward_to(self, step: int) -> None:
        """Brings the rates to where they are at a step; the schedule may be a longer one than that of before."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["initial_lr"]
        self._schedule = build_schedule(self._params.schedule, self.optimiser, steps=self._params.steps)
        with warnings.catch_warnings():
            # torch warns of steps of a schedule without those of its optimiser, which were made before.
            warnings.simplefilter("ignore")
            for _ in range(step):
                self._schedule.step()

    def step(self, number: int) -> dict[str, float]:
        """One step; the losses are the means over its batches."""
        self.optimiser.zero_grad(set_to_none=True)
        found: dict[str, float] = {}
        for micro in range(self._params.accumulate):
            with self._machine.autocast():
                losses = self._phase.losses(number * self._params.accumulate + micro)
            total = torch.stack([loss.float() for loss in losses.values()]).sum()
            if not torch.isfinite(total):
                raise TrainingError(f"step {number}: expected finite losses, found {_shown(losses)}: lower the rate")
            self.scaler.scale(total / self._params.accumulate).backward()
            for name, value in losses.items():
                key = f"{self._phase.name}.{name}" if self._phase.name else name
                found[key] = found.get(key, 0.0) + float(value.detach()) / self._params.accumulate
        self.scaler.unscale_(self.optimiser)
        if self._params.max_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._params.max_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self._schedule.step()
        return found


def _freeze(learner: nn.Module, params: LoopParams) -> list[nn.Module]:
    """What has a rate of 0 needs no gradients, and gradients of what comes before it need not be found.

    Returns:
        the modules that have parameters and none that learns: their running statistics stay as well.
    """
    for name, parameter in learner.named_parameters():
        if params.optimiser.factor_of(name) == 0:
            parameter.requires_grad_(False)
    return [module for module in learner.modules() if _is_frozen(module)]


def _is_frozen(module: nn.Module) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


def _average(learner: nn.Module, decay: float) -> AveragedModel:
    """All floating-point state is averaged, running statistics included; fewer steps are looked back on at first."""

    def mixed(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        if not averaged.is_floating_point():
            return current
        share = min(decay, (1 + int(count)) / (10 + int(count)))
        return averaged.lerp(current.to(averaged.dtype), 1 - share)

    average = AveragedModel(learner, avg_fn=mixed, use_buffers=True)
    average.eval().requires_grad_(False)
    return average


def _restore(
    learner: nn.Module, average: AveragedModel, learners: Sequence[_Learning], checkpoint: Checkpoint | None
) -> int:
    if checkpoint is None:
        return 0
    learner.load_state_dict(checkpoint.learner)
    average.module.load_state_dict(checkpoint.average)
    average.n_averaged.fill_(checkpoint.step)
    for learning, (optimiser, scaler) in zip(learners, checkpoint.optimisers, strict=True):
        learning.optimiser.load_state_dict(optimiser)
        learning.scaler.load_state_dict(scaler)
        learning.forward_to(checkpoint.step)
    return checkpoint.step


def _state(
    learner: nn.Module,
    average: AveragedModel,
    learners: Sequence[_Learning],
    recipe: Recipe,
    step: int,
    seen: tuple[str, ...],
) -> Checkpoint:
    return Checkpoint(
        recipe=kept(recipe),
        step=step,
        learner=learner.state_dict(),
        average=average.module.state_dict(),
        optimisers=[(learning.optimiser.state_dict(), learning.scaler.state_dict()) for learning in learners],
        seen=seen,
    )


def _shown(losses: Losses) -> str:
    return ", ".join(f"{name} {float(value.detach()):.4g}" for name, value in losses.items())
