import pytest
import torch
from torch import nn

from reid_learning.optimisers import OptimiserParams, ScheduleParams, build_optimiser, build_schedule


def rates(params: ScheduleParams, *, steps: int, rate: float = 1.0) -> list[float]:
    """Of each step."""
    layer = nn.Linear(2, 2)
    optimiser = build_optimiser(OptimiserParams("adam", rate=rate), layer.named_parameters())
    schedule = build_schedule(params, optimiser, steps=steps)
    found = []
    for _ in range(steps):
        found.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return found


def test_a_cosine_rises_in_the_warm_up_and_falls_to_its_floor() -> None:
    found = rates(ScheduleParams("cosine", warmup=0.1, floor=0.1), steps=100)
    assert found[:10] == sorted(found[:10])
    assert found[10] == pytest.approx(1.0)
    assert found[55] == pytest.approx(0.55)
    assert found[-1] == pytest.approx(0.1, abs=0.001)


def test_steps_fall_by_the_factor_at_each_milestone() -> None:
    found = rates(ScheduleParams("steps", milestones=(0.25, 0.75)), steps=8)
    assert found == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01])


def test_milestones_are_places_of_the_whole_run_with_a_warm_up_too() -> None:
    found = rates(ScheduleParams("steps", warmup=0.25, milestones=(0.5,)), steps=8)
    assert found[2:] == pytest.approx([1, 1, 0.1, 0.1, 0.1, 0.1])


def test_norms_and_biases_do_not_decay_and_parts_have_their_own_rate() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    params = OptimiserParams("sgd", rate=0.1, decay=0.5, factors=(("1.", 0.1),))
    optimiser = build_optimiser(params, network.named_parameters())
    found = {(round(group["lr"], 6), group["weight_decay"]): len(group["params"]) for group in optimiser.param_groups}
    assert found == {(0.1, 0.5): 1, (0.1, 0.0): 1, (0.01, 0.0): 2}


def test_what_needs_no_gradient_is_left_out() -> None:
    layer = nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    optimiser = build_optimiser(OptimiserParams(), layer.named_parameters())
    assert sum(len(group["params"]) for group in optimiser.param_groups) == 1
    assert isinstance(optimiser, torch.optim.AdamW)
