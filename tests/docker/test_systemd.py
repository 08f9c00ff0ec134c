"""The units for systemd start commands that there are, and start them again whatever ended them."""

import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import typer

from pipeline.cli import app

UNITS = sorted((Path(__file__).parents[2] / "docker" / "systemd").glob("*.service"))


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_takes_its_words_and_again_whenever_it_ends(path: Path) -> None:
    unit = ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    program, *words = shlex.split(unit["Service"]["ExecStart"])
    assert Path(program).name == "reid-pipeline"
    group = typer.main.get_command(app)
    known = {option for parameter in group.params for option in parameter.opts}
    assert words[0] in known
    command = group.commands[words[2]]  # type: ignore[attr-defined]
    assert {word for word in words[3:] if word.startswith("--")} <= {
        option for parameter in command.params for option in parameter.opts
    }
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"


def test_there_is_a_unit_for_workers_and_one_for_the_matcher() -> None:
    assert [path.name for path in UNITS] == ["passerby-matcher.service", "passerby-worker@.service"]


def test_systemd_itself_finds_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    """With a program that is there in the place of ours: it looks for that, too. Of unknown keys it only warns."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("needs systemd-analyze, of the package systemd")
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        program = shlex.split(next(line for line in text.splitlines() if line.startswith("ExecStart=")))[0]
        with_python = text.replace(program, f"ExecStart={sys.executable}")
        (tmp_path / unit.name).write_text(with_python, encoding="utf-8")
    found = subprocess.run([verify, "verify", *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
