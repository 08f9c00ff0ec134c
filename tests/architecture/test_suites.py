"""What suites share lies in `testing/`; no suite is another's library."""

import ast
from collections.abc import Iterator
from pathlib import Path

from testing.paths import ROOT

FOLDERS = ("tests", "testing", "benchmarks")


def modules() -> list[Path]:
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_nothing_is_imported_from_a_suite() -> None:
    found = [(str(path.relative_to(ROOT)), name) for path in modules() for name in imported(path)]
    assert len(found) > 1000
    assert [(path, name) for path, name in found if name.split(".")[0] in ("tests", "conftest", "")] == []
