"""Builds the wheels, and says what is wrong with what they hold."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from testing.paths import ROOT

PROJECTS = ("clients/python", ".")
NOT_SOURCE = (".*", "build", "*.egg-info", "__pycache__", "demo", "out", "tests", "docs")
PACKAGES = {
    "passerby_events": {"passerby_events"},
    "passerby": {
        "detectors",
        "export",
        "passerby",
        "pipeline",
        "reid_learning",
        "reid_models",
        "reid_runtime",
        "reid_simulation",
        "trackers",
    },
}
"""What each distribution puts into site-packages, and nothing else."""
DATA = (
    "pipeline/configs/models.yaml",
    "pipeline/configs/images/shop.jpg",
    "pipeline/configs/models/passerby-detector.onnx",
    "pipeline/configs/models/passerby-detector.json",
    "pipeline/configs/models/passerby-encoder.onnx",
    "pipeline/configs/models/passerby-encoder.json",
    "pipeline/configs/models/NOTICE",
    "pipeline/configs/pipeline/rtsp.yaml",
    "pipeline/configs/site/example.yaml",
    "pipeline/configs/simulation/shop.yaml",
    "pipeline/view/pages/index.html",
    "reid_simulation/body/humans.npz",
    "reid_simulation/body/NOTICE",
)


def build_wheels(folder: Path) -> list[Path]:
    """Builds all of them into a folder, from a copy: what an earlier build left beside the sources stays out."""
    with tempfile.TemporaryDirectory(prefix="passerby-") as copy:
        source = Path(copy) / "source"
        shutil.copytree(ROOT, source, symlinks=True, ignore=shutil.ignore_patterns(*NOT_SOURCE))
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        projects = [str(source / project) for project in PROJECTS]
        subprocess.run([*pip, "--wheel-dir", str(folder), *projects], check=True, env=clean_environment())
    return sorted(folder.glob("*.whl"))


def clean_environment() -> dict[str, str]:
    """This process's, without what would let a Python find this checkout."""
    return {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}


def faults(wheel: Path) -> list[str]:
    """What is missing in a wheel, or does not belong there."""
    names = set(zipfile.ZipFile(wheel).namelist())
    distribution = wheel.name.partition("-")[0]
    expected = PACKAGES[distribution]
    found = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    wanted = {f"{package}/py.typed" for package in expected} | set(DATA if distribution == "passerby" else ())
    return [
        *(f"{package} is in it" for package in sorted(found - expected)),
        *(f"{name} is not in it" for name in sorted(wanted - names)),
    ]
