"""`reid-export gpu-report`: builds, verifies and measures on this machine's GPU, and writes a report to attach."""

import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from export.engines.errors import EngineMisuseError
from export.gpu_report.machine import Machine, this_machine
from export.gpu_report.report import write_report
from export.gpu_report.steps import Done, run_step, steps_of
from export.target import check_folder
from reid_runtime.card import read_card
from reid_runtime.load import working_providers

ENGINES = "tensorrt", "tensorrt-rtx"


def run(networks: Sequence[Path], folder: Path, *, minutes: float, date: str) -> int:
    """Goes through all steps, whatever comes of one; writes the report anew after each. Exit code 1 if one failed.

    Raises:
        ArtefactError: if there is no GPU, or a network has no card.
    """
    until_s = time.monotonic() + 60 * minutes
    check_folder(folder)
    machine = this_machine()
    files = list(networks) or shipped()
    beside = {file: read_card(file).network for file in files}
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True, highlight=False)
    done: list[Done] = []
    with tempfile.TemporaryDirectory(prefix="engines.", dir=folder) as scratch:
        steps = steps_of(files, Path(scratch), folder, runtimes=_runtimes(machine), beside=beside)
        for index, step in enumerate(steps, 1):
            console.print(f"{index} of {len(steps)}: {step.name}", soft_wrap=True)
            done.append(run_step(step, left_s=until_s - time.monotonic()))
            if done[-1].fault:
                console.print(f"   {done[-1].fault}", soft_wrap=True, markup=False)
            written = write_report(folder, machine, done, date=date)
    sys.stdout.write(f"{written}: {sum(each.is_good for each in done)} of {len(done)} steps are good\n")
    return int(not all(each.is_good for each in done))


def shipped() -> list[Path]:
    """The networks that came with Passerby.

    Raises:
        EngineMisuseError: if there are none.
    """
    package = find_spec("pipeline")
    folders = (package.submodule_search_locations if package else None) or []
    found = sorted(file for folder in folders for file in Path(folder, "configs", "models").glob("*.onnx"))
    if not found:
        raise EngineMisuseError("expected the names of networks: none came with this installation")
    return found


def _runtimes(machine: Machine) -> list[str]:
    """Those that can run here; of TensorRT alone it is known once it is tried."""
    faults = working_providers()
    return [each for each in ENGINES if each == "tensorrt" or faults.get("tensorrt-rtx") is None]
