"""Optimisers, and how fast a network learns at each step: torch's own, by their names in recipes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    SequentialLR,
)

START_FACTOR = 0.01
"""Of the rate, where it begins to rise."""


@dataclass(frozen=True, slots=True)
class OptimiserParams:
    """
    Attributes:
        kind: adam (weight decay as in the papers, part of the gradient), adamw (apart from it), or sgd.
        rate: highest learning rate.
        decay: weight decay.
        decays_norms: whether it is of vectors too: norms and biases.
        momentum: of sgd.
        is_nesterov: whether it looks ahead, of sgd.
        factors: of the rate, for parameters by the beginnings of their names: (("network.trunk.", 0.1),); the first
            that fits counts, and what has 0 does not learn at all.
    """

    kind: Literal["adam", "adamw", "sgd"] = "adamw"
    rate: float = 1e-3
    decay: float = 0.02
    decays_norms: bool = False
    momentum: float = 0.9
    is_nesterov: bool = True
    factors: tuple[tuple[str, float], ...] = ()

    def factor_of(self, name: str) -> float:
        """On the rate, for the parameter of that name."""
        return next((factor for beginning, factor in self.factors if name.startswith(beginning)), 1.0)


@dataclass(frozen=True, slots=True)
class ScheduleParams:
    """How the rate goes; all places are shares of the run, so that a shorter run has the same shape.

    Attributes:
        kind: cosine, down to `floor`; steps, times `factor` at each of `milestones`; constant.
        warmup: share of the run in which it rises; without it the first steps of a new network spoil its norms.
        milestones: see there.
        factor: see there.
        floor: share of the rate that is left at the end of a cosine.
    """

    kind: Literal["cosine", "steps", "constant"] = "cosine"
    warmup: float = 0.0
    milestones: tuple[float, ...] = ()
    factor: float = 0.1
    floor: float = 0.01


def build_optimiser(params: OptimiserParams, learning: Iterable[tuple[str, nn.Parameter]]) -> Optimizer:
    """The optimiser of named parameters.

    Args:
        params: see there.
        learning: what learns, by name; what needs no gradient is left out.
    """
    groups = _groups(params, learning)
    match params.kind:
        case "adam":
            return Adam(groups, lr=params.rate)
        case "adamw":
            return AdamW(groups, lr=params.rate)
        case "sgd":
            nesterov = params.is_nesterov and params.momentum > 0
            return SGD(groups, lr=params.rate, momentum=params.momentum, nesterov=nesterov)


def build_schedule(params: ScheduleParams, optimiser: Optimizer, *, steps: int) -> LRScheduler:
    """The schedule of a run of that many steps; to be stepped after each.

    Args:
        params: see there.
        optimiser: with its highest rates.
        steps: of the whole run.
    """
    rising = round(params.warmup * steps)
    falling: LRScheduler
    match params.kind:
        case "cosine":
            falling = CosineAnnealingLR(optimiser, max(1, steps - rising), eta_min=_floor(params, optimiser))
        case "steps":
            places = [max(0, round(share * steps) - rising) for share in params.milestones]
            falling = MultiStepLR(optimiser, places, gamma=params.factor)
        case "constant":
            falling = ConstantLR(optimiser, factor=1.0)
    if not rising:
        return falling
    rise = LinearLR(optimiser, start_factor=max(START_FACTOR, 1 / rising), total_iters=rising)
    return SequentialLR(optimiser, [rise, falling], milestones=[rising])


def _floor(params: ScheduleParams, optimiser: Optimizer) -> float:
    """Of the slowest group: torch knows one floor for all."""
    return params.floor * min(float(group["lr"]) for group in optimiser.param_groups)


def _groups(params: OptimiserParams, learning: Iterable[tuple[str, nn.Parameter]]) -> list[dict[str, Any]]:
    """One group a rate and decay, in the order of the names."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in learning:
        if not parameter.requires_grad:
            continue
        decay = params.decay if parameter.ndim > 1 or params.decays_norms else 0.0
        groups.setdefault((params.rate * params.factor_of(name), decay), []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in groups.items()]
