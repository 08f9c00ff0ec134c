import zipfile
from pathlib import Path

import pytest

from testing.wheels.building import build_wheels, faults
from testing.wheels.readme import readme_commands


@pytest.mark.slow
def test_the_wheels_hold_what_runs_and_nothing_else(tmp_path: Path) -> None:
    wheels = build_wheels(tmp_path)
    assert {wheel.name.partition("-")[0] for wheel in wheels} == {"passerby", "passerby_events"}
    assert [fault for wheel in wheels for fault in faults(wheel)] == []


def test_what_is_missing_and_what_does_not_belong_are_named(tmp_path: Path) -> None:
    wheel = tmp_path / "passerby_events-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("passerby_events/__init__.py", "")
        archive.writestr("configs/models.yaml", "")
        archive.writestr("passerby_events-0.1.0.dist-info/METADATA", "")
    assert faults(wheel) == ["configs is in it", "passerby_events/py.typed is not in it"]


def test_the_readme_has_commands_of_every_kind() -> None:
    commands = {line.split()[1] for line in readme_commands()}
    assert {"run", "check", "configs", "worker", "match", "fetch"} <= commands
