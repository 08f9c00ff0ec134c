from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reid_learning.checkpoint import CheckpointError, load_checkpoint
from reid_learning.loop import LoopParams, TrainingError, TrainingStep, run
from reid_learning.schedule import warm_cosine

PARAMS = LoopParams(steps=8, rate=0.05, warmup=2, save_every=3)


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
    for step in run(learner, learner.losses, params, folder=folder, recipe=Halving(), seen=seen):
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
    steps = run_to(200, tmp_path, LoopParams(steps=200, rate=0.05, warmup=5, average=0.9))
    assert steps[-1].losses["error"] < steps[0].losses["error"] / 3
    learner, average = steps[-1].learner.state_dict(), steps[-1].average.state_dict()
    assert not torch.equal(average["layers.0.weight"], learner["layers.0.weight"])
    assert torch.allclose(average["layers.0.weight"], learner["layers.0.weight"], atol=0.2)
    assert not steps[-1].average.training


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    run_to(4, tmp_path)
    learner = line()
    with pytest.raises(CheckpointError, match=r"of another recipe, times was 1 and is 2: take another folder"):
        next(run(learner, learner.losses, PARAMS, folder=tmp_path, recipe=Halving(2), seen=()))


def test_a_broken_checkpoint_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    learner = line()
    with pytest.raises(CheckpointError, match="expected a checkpoint of a run, found something else") as refused:
        next(run(learner, learner.losses, PARAMS, folder=tmp_path, recipe=Halving(), seen=()))
    assert "\n" not in str(refused.value)


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path) -> None:
    learner = line()
    with pytest.raises(TrainingError, match=r"step 0: expected finite losses, found error nan"):
        next(
            run(
                learner,
                lambda _: {"error": torch.tensor(torch.nan)},
                PARAMS,
                folder=tmp_path,
                recipe=Halving(),
                seen=(),
            )
        )


def test_the_rate_rises_and_falls() -> None:
    rates = [warm_cosine(step, steps=110, warmup=10, floor=0.1) for step in range(111)]
    assert rates[:10] == [pytest.approx((step + 1) / 10) for step in range(10)]
    assert rates[10] == 1.0
    assert rates[60] == pytest.approx(0.55)
    assert rates[110] == pytest.approx(0.1)
    assert sorted(rates[10:], reverse=True) == rates[10:]
