"""What may be configured has its default in one place: a record of parameters or the configuration, never both."""

import ast
from collections.abc import Iterator
from pathlib import Path

from testing.paths import ROOT

CONFIGURATION = ROOT / "pipeline" / "config.py"
LEAVES = sorted(
    path
    for package in ("pipeline", "detectors", "trackers", "reid_models", "reid_runtime")
    for path in (ROOT / package).rglob("*.py")
    if path != CONFIGURATION and "training" not in path.parts
)


def test_no_default_of_the_configuration_stands_in_a_leaf_too() -> None:
    of_configuration = set(defaults(CONFIGURATION))
    assert len(of_configuration) > 10, "there are some to find"
    twice = {leaf.name: same for leaf in LEAVES if (same := of_configuration.intersection(defaults(leaf)))}
    assert twice == {}


def defaults(path: Path) -> Iterator[tuple[str, object]]:
    """Names of fields and parameters with the numbers and words that they are by default."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            for argument, value in zip(named[::-1], node.defaults[::-1], strict=False):
                yield from default(argument.arg, value)
            for argument, given in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                yield from default(argument.arg, given)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield from default(node.target.id, node.value)


def default(name: str, value: ast.expr | None) -> Iterator[tuple[str, object]]:
    """`Field(8, gt=0)` says 8; True, False and None are nobody's choice."""
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    found = value.value if isinstance(value, ast.Constant) else None
    if isinstance(found, int | float | str) and not isinstance(found, bool):
        yield name, found
