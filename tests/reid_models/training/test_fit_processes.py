"""Every kind of learner gives two processes the losses of one: pairs are looked for in the whole batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reid_learning.run_log import FILE as LOG

NAMES = ("tkp", "attributes", "csa", "gltr", "sta", "stmp")
STEPS = 2
SCRIPT = f"""
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from reid_learning.machine import Machine, process_group
from reid_models.architectures.attribute_groups import RAP_GROUPS
from reid_models.architectures.backbones import TrunkSpec
from reid_models.training.fit import Lesson, fit
from reid_models.training.recipes.catalogue import read_plan
from reid_models.training.recipes.small import small
from testing.miniatures import people_on_disk

torch.set_num_threads(1)
labels = tuple(name for group in RAP_GROUPS for name in group.attributes)
people = people_on_disk(Path(sys.argv[1]) / os.environ.get("RANK", "0"), persons=4, tracklets=2, frames=9)
worn = np.random.default_rng(0).integers(0, 2, (4, len(labels))).astype(np.float32)[people.persons]
people = replace(people, attributes=worn, attribute_names=labels)
def run(name):
    plan = small(read_plan(name), trunk=TrunkSpec("compact"), steps={STEPS}, clips=8, height=64, width=32)
    recipe = plan.stages[-1].recipe
    loop = replace(recipe.loop, schedule=replace(recipe.loop.schedule, warmup=0.0))
    recipe = replace(recipe, network=replace(recipe.network, attributes=labels), loop=loop, classifier="random")
    fit(recipe, Lesson(people, ("made-up people",)), Path(sys.argv[2]) / name, console=Console(quiet=True))

with process_group(Machine()):
    for name in {NAMES!r}:
        run(name)
"""


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, list[dict[str, float]]]]:
    """What each step of each run said, by the number of processes and the recipe."""
    folder = tmp_path_factory.mktemp("processes")
    return {processes: _runs(processes, folder) for processes in (1, 2)}


def _runs(processes: int, folder: Path) -> dict[str, list[dict[str, float]]]:
    script, out = folder / "run.py", folder / f"runs{processes}"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder / "people"), str(out)]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command[1:1] = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", f"--master-port={port}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, timeout=240, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: [json.loads(line) for line in (out / name / LOG).read_text().splitlines()] for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_two_processes_have_the_losses_of_one(name: str, losses: dict[int, dict[str, list[dict[str, float]]]]) -> None:
    one, two = losses[1][name], losses[2][name]
    assert len(one) == len(two) == STEPS
    assert two[0] == pytest.approx(one[0], rel=1e-3, abs=1e-4)
