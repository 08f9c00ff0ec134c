import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from testing.paths import ROOT

MODEL = ROOT / "configs" / "models" / "passerby-detector.onnx"
OURS = (
    "passerby",
    "pipeline",
    "detectors",
    "trackers",
    "reid_models",
    "reid_runtime",
    "export",
    "benchmarks",
    "testing",
)
SUPPRESSED = ("CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "GITHUB_ACTIONS", "TF_BUILD")
"""What keeps ONNX Runtime from reporting by itself: a user's machine has none of them."""


def files_left_by(code: str, home: Path) -> list[str]:
    """Names of what a program of its own leaves in an empty home."""
    environment = {name: value for name, value in os.environ.items() if name not in SUPPRESSED}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert not done.returncode, done.stderr
    return [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "code",
    [
        f"from reid_runtime.load import load_session; from pathlib import Path; "
        f"load_session(Path({str(MODEL)!r}), provider='cpu', threads=1)",
        "import export.precision.quantise, export.precision.half, onnxruntime; "
        f"onnxruntime.InferenceSession({str(MODEL)!r})",
    ],
    ids=["serving", "export"],
)
def test_onnx_runtime_reports_to_nobody_what_runs_here(code: str, tmp_path: Path) -> None:
    """It keeps what it is to send, and the number of the device, in a folder of the user's cache."""
    assert files_left_by(code, tmp_path) == []


def test_every_module_of_ours_takes_it_from_where_it_is_quiet() -> None:
    loud = []
    for path in (path for name in OURS for path in (ROOT / name).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = re.search(r"^(import|from) onnxruntime", text, re.MULTILINE)
        quiet = text.find("reid_runtime.quiet_onnxruntime")
        if found and path.name != "quiet_onnxruntime.py" and not 0 <= quiet < found.start():
            loud.append(str(path.relative_to(ROOT)))
    assert loud == []
