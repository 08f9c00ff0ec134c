import tomllib
from importlib.metadata import version

import pytest

from pipeline.cli import main
from pipeline.commands.doctor import PURPOSES
from testing.paths import ROOT

NOT_FOR_USERS = {"cpu", "demo", "dev", "docs"}
"""`cpu` has a line of its own, `demo` brings other extras, `dev` and `docs` are for those who change Passerby."""


def test_every_extra_says_what_it_is_for() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(PURPOSES) == extras.keys() - NOT_FOR_USERS


def test_it_names_its_own_version_and_each_extra(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    printed = capsys.readouterr().out
    (ours,) = (line for line in printed.splitlines() if "│ passerby " in line)
    assert version("passerby") in ours
    assert all(f"extra {name}" in printed for name in PURPOSES)
