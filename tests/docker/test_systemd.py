"""The units for systemd start commands that there are, and start them again whatever ended them."""

import shlex
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
