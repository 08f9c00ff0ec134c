"""What suites share lies in `testing/`; no suite is another's library."""

import ast
from collections.abc import Iterator
from pathlib import Path

from testing.paths import ROOT

FOLDERS = ("tests", "testing", "benchmarks")
SLEEPERS = {
    "integration/test_erasure_crashes.py": "kills at a random moment",
    "integration/test_kafka_outages.py": "kills at a random moment, and publishes at a pace",
    "pipeline/deployment/test_processes.py": "takes windows more slowly than they are made",
    "pipeline/ordering/test_channel.py": "cameras of uneven pace",
}
"""Who sleeps to disturb, and not to wait for something."""


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


def mirrored(suite: Path) -> bool:
    """Whether a suite, or what its name begins with, is a module of the package whose folder it mirrors."""
    *folders, name = suite.relative_to(ROOT / "tests").parts
    room = ROOT / "clients" / "python" / Path(*folders[1:]) if folders[0] == "clients" else ROOT / Path(*folders)
    words = Path(name).stem.removeprefix("test_").split("_")
    stems = ("_".join(words[:count]) for count in range(len(words), 0, -1))
    return any((room / f"{name}.py").is_file() for stem in stems for name in (stem, f"__{stem}__"))


def test_a_suite_is_named_after_the_module_that_it_tests() -> None:
    free = {"architecture", "contracts", "docker", "integration"}
    suites = sorted((ROOT / "tests").rglob("test_*.py"))
    mirrors = [path for path in suites if path.relative_to(ROOT / "tests").parts[0] not in free]
    assert len(mirrors) > 100
    strays = [str(path.relative_to(ROOT)) for path in mirrors if not mirrored(path)]
    assert not strays, f"name them after a module, as in test_site_matcher_outages.py of site_matcher: {strays}"


def test_nobody_sleeps_who_waits_for_something() -> None:
    suites = {str(path.relative_to(ROOT / "tests")): path for path in (ROOT / "tests").rglob("*.py")}
    sleepers = {name for name, path in suites.items() if "time.sleep(" in path.read_text(encoding="utf-8")}
    assert sleepers - {"architecture/test_suites.py"} == SLEEPERS.keys(), "testing/waiting.py waits for a condition"
