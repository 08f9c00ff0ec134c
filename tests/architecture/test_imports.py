"""What an import costs, and what it must not bring along."""

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testing.paths import ROOT

SERVING = ("passerby", "pipeline", "detectors", "trackers", "reid_models", "reid_runtime")
HEAVY = {"numpy", "cv2", "av", "onnxruntime", "scipy", "matplotlib", "redis", "kafka", "ultralytics"}
TORCH_PACKAGES = ("reid_models.architectures", "reid_models.training", "detectors.training")
"""The networks and their training: serving runs what was exported of them."""
TRAINING = {"torch", "torchvision", "tensorflow"}
COMMANDS = (
    ("pipeline.cli", "run"),
    ("pipeline.cli", "events tail"),
    ("reid_models.training.cli", "fit"),
    ("export.cli", "onnx"),
)
"""One of each command line, and one of a group."""
COMMAND_LINES = ("pipeline.cli", "reid_models.training.cli", "export.cli")
MOST_S = 0.3
"""Process time for the help of a command line: what a user waits."""
TRIES = 3
MEASURE = """
import json, sys, time
sys.modules["torch"] = None
start_s = time.process_time()
from {module} import main
code = main({words})
print(json.dumps([code, time.process_time() - start_s, sorted(sys.modules)]))
"""


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def last_line_of(code: str) -> Any:
    return json.loads(in_a_new_process(code).splitlines()[-1])


def serving_modules() -> list[str]:
    return [
        module.name
        for package in SERVING
        for module in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}.")
        if not module.name.endswith("__main__")  # runs when it is imported
        and module.name != "detectors.ultralytics_yolo"  # its library is an extra, and brings torch
        and not module.name.startswith(TORCH_PACKAGES)
    ]


@pytest.mark.parametrize("module", COMMAND_LINES)
def test_help_comes_at_once_without_torch_and_brings_nothing_heavy(module: str) -> None:
    found = [last_line_of(MEASURE.format(module=module, words=["--help"])) for _ in range(TRIES)]
    assert min(took_s for _, took_s, _ in found) < MOST_S
    assert HEAVY.isdisjoint(found[0][2])


@pytest.mark.parametrize(("module", "command"), COMMANDS)
def test_the_help_of_a_command_needs_no_torch(module: str, command: str) -> None:
    code, _, loaded = last_line_of(MEASURE.format(module=module, words=[*command.split(), "--help"]))
    assert code == 0
    assert HEAVY.isdisjoint(loaded)


def test_no_module_of_serving_brings_torch() -> None:
    modules = serving_modules()
    assert len(modules) > 50
    code = f"import importlib, json, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
    loaded = json.loads(in_a_new_process(code + "print(json.dumps(sorted(sys.modules)))"))
    assert TRAINING.isdisjoint(loaded)


def inits() -> list[Path]:
    """All but that of the face, which holds the names that it offers."""
    rooms = {*SERVING, "benchmarks"} - {"passerby"}
    return sorted(path for package in rooms for path in (ROOT / package).rglob("__init__.py"))


@pytest.mark.parametrize("path", inits(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_holds_a_docstring_and_no_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1
