"""A report is written whatever comes of its steps; without a GPU there is one line and no report."""

import ctypes.util
import json
import sys
from pathlib import Path

import pytest
import typer

from export.cli import app, main
from export.commands.gpu_report import shipped
from export.gpu_report.machine import Machine
from export.gpu_report.report import JSON, write_report
from export.gpu_report.steps import EXPORT, NOT_RUN, Done, Step, run_step, steps_of
from reid_runtime.cuda_device import Gpu

MACHINE = Machine(Gpu("NVIDIA A10", "8.6"), "a processor", 4, {"torch": "2.14.1"})


@pytest.mark.skipif(ctypes.util.find_library("cuda") is not None, reason="a GPU is here")
def test_where_no_gpu_is_it_says_so_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["gpu-report", str(tmp_path / "report")]) == 1
    reported = capfd.readouterr().err
    assert reported.startswith("reid-export: there is no GPU of NVIDIA's here: ")
    assert reported.count("\n") == 1
    assert not (tmp_path / "report").exists()


def python(code: str, most_s: float = 30) -> Step:
    return Step("a step", (sys.executable, "-c", code), most_s)


@pytest.mark.parametrize(
    ("code", "output", "fault"),
    [
        ("print('| a |')", "| a |\n", ""),
        ("import sys; print('one'); sys.exit('the last line')", "one\nthe last line\n", "exit code 1: the last line"),
        ("import os; os.kill(os.getpid(), 11)", "", "exit code -11: it printed nothing"),
    ],
)
def test_what_comes_of_a_step_is_said_and_nothing_is_raised(code: str, output: str, fault: str) -> None:
    done = run_step(python(code), left_s=60)
    assert (done.is_good, done.fault) == (not fault, fault)
    assert sorted(done.output.splitlines()) == sorted(output.splitlines())


def test_a_step_that_hangs_is_stopped_and_what_it_printed_is_kept() -> None:
    code = "import signal; print('begun', flush=True); signal.pause()"
    done = run_step(python(code, most_s=6), left_s=600)
    assert (done.is_good, done.fault, done.output) == (False, "stopped after 6 s", "begun\n")


def test_a_step_for_which_no_time_is_left_is_not_begun() -> None:
    assert run_step(python("raise SystemExit(3)"), left_s=1).fault == NOT_RUN


def test_the_report_has_a_row_for_every_step_and_what_each_printed(tmp_path: Path) -> None:
    steps = [
        Done("build", "reid-export engine a b", True, 3.25, "net.engine: built\n"),
        Done("bench", "reid-export bench", True, 9.0, "| N | ms |\n|---|--:|\n| 1 | 2 |\n"),
        Done("verify", "reid-export verify", False, 0.5, "", "exit code 1: a | b"),
    ]
    written = write_report(tmp_path, MACHINE, steps, date="30 November 2026").read_text()
    assert "# NVIDIA A10" in written
    assert "| build | good | 3.2 |" in written
    assert "| verify | **exit code 1: a \\| b** | 0.5 |" in written
    assert "```text\nnet.engine: built\n```" in written
    assert "\n| N | ms |\n" in written
    facts = json.loads((tmp_path / JSON).read_text())
    assert facts["machine"]["gpu"] == {"name": "NVIDIA A10", "capability": "8.6"}
    assert [step["is_good"] for step in facts["steps"]] == [True, True, False]


def test_every_network_in_every_precision_becomes_an_engine_of_every_runtime(tmp_path: Path) -> None:
    networks = shipped()
    assert {file.stem for file in networks} >= {"passerby-encoder", "passerby-detector"}
    steps = steps_of(networks[:1], tmp_path, tmp_path / "report", runtimes=["tensorrt", "tensorrt-rtx"])
    built = [step for step in steps if step.command[3] == "engine"]
    assert len(built) == 3 * 2
    assert len({step.command[5] for step in built}) == len(built)
    assert len({step.name for step in steps}) == len(steps)


def test_what_was_lowered_before_is_not_lowered_again(tmp_path: Path) -> None:
    network = tmp_path / "net.onnx"
    (tmp_path / "net-fp16.onnx").touch()
    network.touch()
    steps = steps_of([network], tmp_path / "scratch", tmp_path / "report", runtimes=[])
    assert [step.name for step in steps if step.command[3] == "precision"] == ["net-int8: make"]


def test_every_command_of_a_step_is_one_that_reid_export_has(tmp_path: Path) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for step in steps_of(shipped(), tmp_path, tmp_path / "report", runtimes=["tensorrt", "tensorrt-rtx"]):
        if step.command[:3] == EXPORT:
            name, *arguments = step.command[3:]
            group.commands[name].make_context(name, arguments)
