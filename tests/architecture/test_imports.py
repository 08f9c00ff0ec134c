"""What an import costs, and what it must not bring along."""

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from testing.paths import ROOT

SERVING = ("pipeline", "detectors", "trackers", "reid_models", "reid_runtime")
HEAVY = {"numpy", "cv2", "av", "onnxruntime", "scipy", "matplotlib", "redis", "kafka", "ultralytics"}
TORCH_PACKAGES = ("reid_models.architectures", "reid_models.training", "detectors.training")
"""The networks and their training: serving runs what was exported of them."""
TRAINING = {"torch", "torchvision", "tensorflow"}
MOST_S = 0.5
"""Process time for `import pipeline.cli`: what a user waits before the help comes."""
TRIES = 3
MEASURE = """
import json, sys, time
start_s = time.process_time()
import pipeline.cli
print(json.dumps([time.process_time() - start_s, sorted(sys.modules)]))
"""


def in_a_new_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def serving_modules() -> list[str]:
    return [
        module.name
        for package in SERVING
        for module in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}.")
        if module.name != "detectors.ultralytics_yolo"  # its library is an extra, and brings torch
        and not module.name.startswith(TORCH_PACKAGES)
    ]


def test_the_command_line_is_imported_at_once_and_brings_nothing_heavy() -> None:
    found = [json.loads(in_a_new_process(MEASURE)) for _ in range(TRIES)]
    assert min(took_s for took_s, _ in found) < MOST_S
    assert HEAVY.isdisjoint(found[0][1])


def test_no_module_of_serving_brings_torch() -> None:
    modules = serving_modules()
    assert len(modules) > 50
    code = f"import importlib, json, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
    loaded = json.loads(in_a_new_process(code + "print(json.dumps(sorted(sys.modules)))"))
    assert TRAINING.isdisjoint(loaded)


def inits() -> list[Path]:
    return sorted(path for package in (*SERVING, "benchmarks") for path in (ROOT / package).rglob("__init__.py"))


@pytest.mark.parametrize("path", inits(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_holds_a_docstring_and_no_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1
