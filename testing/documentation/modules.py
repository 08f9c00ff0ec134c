"""The tree of the house: every room and every module with the first sentence of its docstring."""

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

from testing.documentation.docstrings import sentence
from testing.paths import ROOT

PACKAGES = (
    "passerby",
    "clients/python/passerby_events",
    "pipeline",
    "detectors",
    "trackers",
    "reid_models",
    "reid_runtime",
    "reid_simulation",
    "reid_learning",
    "export",
    "testing",
    "benchmarks",
)
"""In the order of the page: the faces first, then what they stand on, then what nobody imports."""

NOT_SHIPPED = ("testing", "benchmarks")
"""Their rooms stand on the page of modules alone."""

INTRODUCTION = """\
# Modules

Every module, with the first sentence of its docstring, by room. [Architecture](../architecture.md) says who may
import whom.
"""


def tree() -> str:
    """Packages and rooms, one a line, as far as the first colon: what stands in architecture.md."""
    rooms = [room for package in _packages() for room in _rooms(ROOT / package)]
    shown = [room for room in rooms if _path(room).partition("/")[0] not in NOT_SHIPPED or "/" not in _path(room)]
    width = max(len(_indented(room)) for room in shown) + 2
    about = {room: _about(room / "__init__.py").partition(": ")[0] for room in shown}
    return "".join(f"{_indented(room):{width}}{about[room]}\n" for room in shown)


def layers() -> str:
    """The packages, and the rooms of `pipeline`, from top to bottom: as import-linter holds them."""
    law = configparser.ConfigParser()
    law.read(ROOT / ".importlinter", encoding="utf-8")
    named = {"all packages": "packages", "pipeline": "layers-of-pipeline"}
    return "".join(
        f"{name}\n"
        + "".join(f"  {layer}\n" for layer in law[f"importlinter:contract:{contract}"]["layers"].split("\n") if layer)
        for name, contract in named.items()
    )


def modules_page() -> str:
    lines = [INTRODUCTION]
    for package in _packages():
        for room in _rooms(ROOT / package):
            lines.append(f"## {_path(room)}/\n" if room == ROOT / package else f"### {_path(room)}/\n")
            lines.append(f"{_about(room / '__init__.py')}.\n")
            lines += _table(room)
    return "\n".join(lines).rstrip() + "\n"


def _packages() -> list[str]:
    return [package for package in PACKAGES if (ROOT / package).is_dir()]


def _rooms(package: Path) -> list[Path]:
    return sorted(path.parent for path in package.rglob("__init__.py"))


def _path(room: Path) -> str:
    return str(room.relative_to(ROOT))


def _indented(room: Path) -> str:
    """`pipeline/`, and a room of it two columns in."""
    package = next(ROOT / name for name in _packages() if (ROOT / name) in (room, *room.parents))
    if room == package:
        return f"{_path(room)}/"
    return "  " * len(room.relative_to(package).parts) + f"{room.name}/"


def _table(room: Path) -> Iterator[str]:
    modules = sorted(path for path in room.glob("*.py") if path.name != "__init__.py")
    if not modules:
        return
    yield "| module | what it is |\n|---|---|"
    yield "\n".join(f"| `{module.name}` | {_about(module)} |" for module in modules) + "\n"


def _about(module: Path) -> str:
    return sentence(ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").replace("|", "\\|")
