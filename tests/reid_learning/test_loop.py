from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reid_learning.checkpoint import CheckpointError, load_checkpoint
from reid_learning.loop import LoopParams, Phase, TrainingError, TrainingStep, run
from reid_learning.optimisers import OptimiserParams, ScheduleParams

FAST = OptimiserParams(rate=0.05)
PARAMS = LoopParams(steps=8, optimiser=FAST, schedule=ScheduleParams(warmup=0.25), save_every=3)


@dataclass(frozen=True)
class Halving:
    times: int = 1


class Line(nn.Module):
    """Learns to halve, with noise and a norm, so that random state and running statistics count."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.2))

    def losses(self, step: int) -> dict[str, Tensor]:
        rows = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
        return {"error": (self.layers(rows) - rows / 2).square().mean()}


def line() -> Line:
    torch.manual_seed(0)
    return Line()


def run_to(end: int, folder: Path, params: LoopParams = PARAMS, *, seen: tuple[str, ...] = ()) -> list[TrainingStep]:
    """Runs as a process would that is killed after that many steps."""
    learner = line()
    done = []
    for step in run(learner, [Phase(learner.losses)], params, folder=folder, recipe=Halving(), seen=seen):
        done.append(step)
        if step.number + 1 == end:
            break
    return done


def same_state(a: nn.Module, b: nn.Module) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = run_to(8, tmp_path / "whole")[-1]
    killed = run_to(5, tmp_path / "killed")
    again = run_to(8, tmp_path / "killed")
    assert [step.number for step in killed] == [0, 1, 2, 3, 4]
    assert [step.number for step in again] == [3, 4, 5, 6, 7]
    assert again[-1].losses == whole.losses
    assert same_state(again[-1].learner, whole.learner)
    assert same_state(again[-1].average, whole.average)


def test_a_checkpoint_says_all_that_was_seen_before_a_restart_and_after(tmp_path: Path) -> None:
    run_to(5, tmp_path, seen=("mars (MARS)", "shop (unknown)"))
    run_to(8, tmp_path, seen=("shop (unknown)", "people (simulated people)"))
    checkpoint = load_checkpoint(tmp_path, recipe=Halving())
    assert checkpoint is not None
    assert checkpoint.seen == ("mars (MARS)", "shop (unknown)", "people (simulated people)")


def test_a_finished_run_has_no_steps_to_go(tmp_path: Path) -> None:
    run_to(8, tmp_path)
    assert run_to(8, tmp_path) == []


def test_the_loss_goes_down_and_the_average_follows(tmp_path: Path) -> None:
    steps = run_to(200, tmp_path, LoopParams(steps=200, optimiser=FAST, average=0.9))
    assert steps[-1].losses["error"] < steps[0].losses["error"] / 3
    learner, average = steps[-1].learner.state_dict(), steps[-1].average.state_dict()
    assert not torch.equal(average["layers.0.weight"], learner["layers.0.weight"])
    assert torch.allclose(average["layers.0.weight"], learner["layers.0.weight"], atol=0.2)
    assert not steps[-1].average.training


def test_what_has_no_rate_stays_as_it_was(tmp_path: Path) -> None:
    frozen = replace(PARAMS, optimiser=replace(FAST, factors=(("layers.0.weight", 0.0),)))
    before = line().layers[0]
    last = run_to(8, tmp_path, frozen)[-1].learner
    assert isinstance(last, Line)
    assert isinstance(before, nn.Linear)
    assert isinstance(last.layers[0], nn.Linear)
    assert torch.equal(last.layers[0].weight, before.weight)
    assert not torch.equal(last.layers[0].bias, before.bias)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    run_to(4, tmp_path)
    learner = line()
    with pytest.raises(CheckpointError, match=r"of another recipe, times was 1 and is 2: take another folder"):
        next(run(learner, [Phase(learner.losses)], PARAMS, folder=tmp_path, recipe=Halving(2), seen=()))


def test_a_broken_checkpoint_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    learner = line()
    with pytest.raises(CheckpointError, match="expected a checkpoint of a run, found something else") as refused:
        next(run(learner, [Phase(learner.losses)], PARAMS, folder=tmp_path, recipe=Halving(), seen=()))
    assert "\n" not in str(refused.value)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    learner = line()
    with pytest.raises(TrainingError, match=r"step 0: expected finite losses, found error nan"):
        next(
            run(
                learner,
                [Phase(lambda _: {"error": torch.tensor(torch.nan)})],
                PARAMS,
                folder=tmp_path,
                recipe=Halving(),
                seen=(),
            )
        )


def test_a_longer_run_of_the_same_recipe_goes_on_where_the_short_one_ended(tmp_path: Path) -> None:
    run_to(8, tmp_path)
    longer = run_to(12, tmp_path, replace(PARAMS, steps=12))
    assert [step.number for step in longer] == [8, 9, 10, 11]
    rates = [step.rate for step in run_to(12, tmp_path / "whole", replace(PARAMS, steps=12))]
    assert [step.rate for step in longer] == rates[8:]


def test_batches_that_make_one_step_teach_their_mean(tmp_path: Path) -> None:
    def losses_of(learner: Line) -> Callable[[int], dict[str, Tensor]]:
        return lambda number: {"error": (learner.layers[0](torch.full((1, 4), number % 2 + 1.0))).square().mean()}

    ends = {}
    for accumulate in (1, 2):
        learner = line()
        params = replace(PARAMS, steps=1, accumulate=accumulate, max_norm=None)
        steps = list(
            run(
                learner,
                [Phase(losses_of(learner))],
                params,
                folder=tmp_path / str(accumulate),
                recipe=Halving(),
                seen=(),
            )
        )
        ends[accumulate] = steps[-1].losses["error"]
    torch.manual_seed(0)
    learner = line()
    both = [losses_of(learner)(number)["error"].item() for number in (0, 1)]
    assert ends[1] == pytest.approx(both[0])
    assert ends[2] == pytest.approx(sum(both) / 2)


def test_adversaries_take_turns_and_each_learns_alone(tmp_path: Path) -> None:
    learner = line()
    before = {name: value.clone() for name, value in learner.state_dict().items()}
    still = Phase(lambda step: {"error": learner.losses(step)["error"]}, learns=("layers.1.",), name="norm")
    [step] = run(learner, [still], replace(PARAMS, steps=1), folder=tmp_path, recipe=Halving(), seen=())
    assert list(step.losses) == ["norm.error"]
    assert torch.equal(learner.state_dict()["layers.0.weight"], before["layers.0.weight"])
    assert not torch.equal(learner.state_dict()["layers.1.weight"], before["layers.1.weight"])
