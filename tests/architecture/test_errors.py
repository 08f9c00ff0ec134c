"""Whatever the world or a user makes impossible is a `PasserbyError`, so that command lines need no list of errors."""

import ast
from pathlib import Path

from testing.paths import ROOT

PACKAGES = (
    *("pipeline", "detectors", "trackers", "reid_models", "reid_runtime", "reid_simulation", "reid_learning"),
    *("export", "passerby", "clients/python/passerby_events"),
)
CONTROL_FLOW = {"ChannelClosed", "LeaseLost"}
"""How parts of a process tell each other to stop; no user hears of them."""
OF_A_FILE = {"PlanError", "UnsaidError"}
"""A `ValueError`, so that the configuration that it stands in, or whoever looked at the network, says where."""


def test_every_error_of_ours_has_the_one_base() -> None:
    found = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in bare_errors(path)}
    assert found == CONTROL_FLOW | OF_A_FILE | {"PasserbyError"}


def bare_errors(path: Path) -> set[str]:
    """The classes of a module that stand directly under one of Python's own exceptions."""
    classes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)]
    return {each.name for each in classes if any(is_pythons_own(base) for base in each.bases)}


def is_pythons_own(base: ast.expr) -> bool:
    return isinstance(base, ast.Name) and base.id in {"Exception", "RuntimeError", "ValueError", "OSError", "KeyError"}
