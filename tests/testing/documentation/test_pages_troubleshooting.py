"""docs/troubleshooting.md quotes errors that the code really gives."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from testing.paths import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
SOURCES = ("pipeline", "detectors", "trackers", "reid_models", "reid_runtime", "clients/python/passerby_events")
SHORTEST = 6
"""Letters of a piece that is looked for: shorter ones are everywhere."""


@cache
def all_texts() -> str:
    """Every piece of text that stands in the code, one a line."""
    return "\n".join(text for source in SOURCES for path in (ROOT / source).rglob("*.py") for text in texts(path))


def texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def quoted() -> list[str]:
    rows = re.findall(r"^\| `([^`]+)`", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [*rows, *re.findall(r"^`([^`]+)`:", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)]


@pytest.mark.parametrize("line", quoted())
def test_a_quoted_error_stands_in_the_code(line: str) -> None:
    pieces = [piece.strip(" :;,()") for piece in line.split("...")]
    pieces = [piece for piece in pieces if len(piece) >= SHORTEST]
    assert pieces
    assert [piece for piece in pieces if piece not in all_texts()] == []


def test_there_are_quotes() -> None:
    assert len(quoted()) > 20
