"""A time that is shared out and ends, markers, programs that are stopped."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.capacity.gpu_steps import (
    Done,
    Found,
    Program,
    Step,
    StepError,
    allowance_s,
    run_program,
    run_programs,
    run_steps,
)
from testing.waiting import until


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taking(clock: Clock, seconds: float, given: list[float], found: Found = Found()) -> Callable[[float], Found]:  # noqa: B008  # frozen
    """Takes so long, and keeps what it was given."""

    def run(allowed_s: float) -> Found:
        given.append(allowed_s)
        clock.now_s += min(seconds, allowed_s)
        return found

    return run


def test_a_step_gets_its_share_of_what_is_left() -> None:
    assert allowance_s(90, [1, 2]) == 30
    assert allowance_s(60, [2]) == 60
    assert allowance_s(-5, [1, 1]) == 0


def test_what_a_step_leaves_over_the_next_ones_get(tmp_path: Path, clock: Clock) -> None:
    given: list[float] = []
    steps = [Step(name, 1, taking(clock, 10, given)) for name in "abc"]
    done = run_steps(steps, tmp_path, budget_s=90, clock=clock)
    assert given == [30, 40, 70]
    assert [one.state for one in done] == ["done"] * 3
    assert [one.seconds for one in done] == [10] * 3


def test_all_steps_together_never_take_more_than_the_budget(tmp_path: Path, clock: Clock) -> None:
    steps = [Step(str(number), 1 + number % 3, taking(clock, 1e9, [])) for number in range(7)]
    run_steps(steps, tmp_path, budget_s=540, clock=clock)
    assert clock.now_s == pytest.approx(540)


def test_a_step_without_time_is_said_not_to_have_begun(tmp_path: Path, clock: Clock) -> None:
    given: list[float] = []
    steps = [Step("long", 1, taking(clock, 1e9, given)), Step("late", 1, taking(clock, 1, given))]
    done = run_steps(steps, tmp_path, budget_s=8, clock=clock)
    assert [one.state for one in done] == ["not begun", "done"]
    assert done[0].words == "4 s were left for it"
    assert given == [8]


def test_what_is_whole_is_not_done_again_and_what_is_not_goes_on(tmp_path: Path, clock: Clock) -> None:
    def failing(_: float) -> Found:
        raise StepError("no memory")

    given: list[float] = []
    first = [
        Step("whole", 1, taking(clock, 3, given, Found({"steps": 7}))),
        Step("cut", 1, taking(clock, 3, given, Found(is_whole=False, words="stopped after 3 s"))),
        Step("wrong", 1, failing),
    ]
    before = run_steps(first, tmp_path, budget_s=90, clock=clock)
    assert [one.state for one in before] == ["done", "in part", "failed"]
    assert before[2].words == "no memory"
    second = [Step(name, 1, taking(clock, 3, given)) for name in ("whole", "cut", "wrong")]
    after = run_steps(second, tmp_path, budget_s=90, clock=clock)
    assert [one.state for one in after] == ["done before", "done", "done"]
    assert after[0].values == {"steps": 7}
    # The whole one takes no share of the second call.
    assert given[2:] == [45, 87]


def test_what_others_need_is_made_again_where_it_is_gone(tmp_path: Path, clock: Clock) -> None:
    people = tmp_path / "people"
    people.mkdir()
    step = Step("render", 1, taking(clock, 1, []), product=people)
    states = [run_steps([step], tmp_path / "done", budget_s=90, clock=clock)[0].state for _ in range(2)]
    people.rmdir()
    states.append(run_steps([step], tmp_path / "done", budget_s=90, clock=clock)[0].state)
    assert states == ["done", "done before", "done"]


def test_somebody_hears_after_every_step(tmp_path: Path, clock: Clock) -> None:
    heard: list[list[Done]] = []
    steps = [Step(name, 1, taking(clock, 1, [])) for name in "ab"]
    run_steps(steps, tmp_path, budget_s=90, clock=clock, observer=lambda done: heard.append(list(done)))
    assert [[one.name for one in done] for done in heard] == [["a"], ["a", "b"]]


def test_a_program_that_takes_too_long_is_stopped_with_all_that_it_began(tmp_path: Path) -> None:
    program = Program(["bash", "-c", "sleep 600 & echo $!; wait"], tmp_path / "log")
    assert run_program(program, 3) is False
    process = Path("/proc") / program.last_line
    until(lambda: _is_over(process), "the end of what the program began")


def _is_over(process: Path) -> bool:
    """Whoever adopts it may not have buried it yet."""
    try:
        return "\nState:\tZ" in (process / "status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    program = Program([sys.executable, "-c", "raise SystemExit('no people')"], tmp_path / "log")
    with pytest.raises(StepError, match="no people"):
        run_program(program, 60)


def test_programs_run_side_by_side_and_say_how_they_ended(tmp_path: Path) -> None:
    codes = (0, 3, 0)
    programs = [
        Program([sys.executable, "-c", f"raise SystemExit({code})"], tmp_path / str(number))
        for number, code in enumerate(codes)
    ]
    assert run_programs(programs, 60, at_once=2) == [0, 3, 0]
    assert run_programs(programs, 0.0) == [None] * 3
