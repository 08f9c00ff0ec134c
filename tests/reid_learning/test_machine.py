"""Two processes on a processor give what one gives: the loss of the whole batch, and the same step."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from reid_learning.machine import Machine, MachineError, own_share, rank, synchronised, world
from reid_learning.run_log import FILE as LOG
from testing.small_recipe import RECIPE

SCRIPT = """
import os
import sys
from pathlib import Path

import torch
from rich.console import Console
from torch import nn

from reid_learning.machine import Machine
from reid_models.training.fit import Lesson, fit
from testing.miniatures import people_on_disk
from testing.small_recipe import RECIPE

torch.set_num_threads(1)
own = Path(sys.argv[1]) / os.environ.get("RANK", "0")
people = people_on_disk(own, persons=8, tracklets=2)
fit(RECIPE, Lesson(people, ("made-up people",)), Path(sys.argv[2]), console=Console(quiet=True))
"""


def run_of(processes: int, folder: Path) -> list[dict[str, float]]:
    """What each step of a run said, made by so many processes."""
    script = folder / "run.py"
    script.write_text(SCRIPT)
    out = folder / f"run{processes}"
    command = [sys.executable, str(script), str(folder / "people"), str(out)]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command[1:1] = ["-m", "torch.distributed.run", f"--nproc-per-node={processes}", f"--master-port={port}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, timeout=180, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (out / LOG).read_text().splitlines()]


def test_two_processes_have_the_losses_of_one_on_the_same_batches(tmp_path: Path) -> None:
    """The first step to float32; later ones less so: Adam takes the sign of gradients that are next to nothing."""
    one, two = run_of(1, tmp_path), run_of(2, tmp_path)
    assert len(one) == len(two) == RECIPE.loop.steps
    for name in ("identity", "triplet"):
        assert two[0][name] == pytest.approx(one[0][name], rel=1e-4)
        assert two[1][name] == pytest.approx(one[1][name], rel=5e-3)
    assert [step["identity"] for step in two] == pytest.approx([step["identity"] for step in one], rel=0.01)


def test_alone_a_run_is_the_whole_of_it() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    assert (rank(), world()) == (0, 1)
    assert synchronised(network, Machine()) is network
    rows = torch.arange(5)
    assert own_share(rows) is rows


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine("tpu"), "expected a device cpu, cuda or cuda:N, found tpu"),
        (Machine("cpu", "fp16"), "take --amp bf16, or --device cuda"),
    ],
)
def test_a_machine_that_is_not_there_is_one_line(machine: Machine, expected: str) -> None:
    with pytest.raises(MachineError, match=expected):
        machine.check()


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_a_gpu_that_is_not_there_is_one_line() -> None:
    with pytest.raises(MachineError, match="expected a GPU for --device cuda, found none"):
        Machine("cuda").check()
