"""Clips a second of networks on a GPU, or on a processor at toy size: inference and steps of training.

    python -m benchmarks.capacity.gpu_speed RESULTS.jsonl --device cuda --ways fp32 bf16 -- cosam-mean-resnet50 ...

A line for each network, way and direction as soon as it is known, so that a run that is stopped leaves what it did;
what was measured before is not measured again. Weights are random, clips are noise, another one each call. A
step of training is a forward pass, cross entropy, a backward pass and Adam; its feed is not in it.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from reid_learning.machine import Machine, Precision
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.training.build import build_network
from reid_models.training.recipe import NetworkParams
from reid_models.training.recipes.catalogue import read_plan

ENCODER = "encoder"
"""Name of the recipe that stands among the catalogue's networks: that of the shipped encoder's kind."""
FRAMES = 128
"""In a batch: 32 clips of 4 frames, as most papers have it."""
IDENTITIES = 625
"""Of MARS."""
BATCHES = 4
"""That take turns."""
WARM_UP = 3
ROUNDS, ROUND_S = 5, 0.15
DIRECTIONS = ("inference", "training")
WAYS: dict[str, tuple[Precision, bool]] = {"fp32": ("fp32", False), "bf16": ("bf16", False), "compiled": ("bf16", True)}
"""Precision, and whether by torch.compile."""


@dataclass(frozen=True, slots=True)
class Measured:
    """
    Attributes:
        name: of the network.
        direction: inference or training.
        way: of `WAYS`.
        clips_per_s: median of the rounds; None: it failed.
        batch: clips in a call.
        clip: T x H x W.
        words: why it failed.
    """

    name: str
    direction: str
    way: str
    clips_per_s: float | None
    batch: int
    clip: str
    words: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity.gpu_speed")
    parser.add_argument("results", type=Path)
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"of the catalogue, or {ENCODER}")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["fp32", "bf16"])
    parser.add_argument("--toy", action="store_true", help="tiny networks, clips and batches")
    arguments = parser.parse_args()
    if arguments.toy:
        torch.set_num_threads(1)
    known = {(one.name, one.direction, one.way) for one in read(arguments.results) if one.clips_per_s is not None}
    for name in arguments.names:
        for way in arguments.ways:
            for direction in DIRECTIONS:
                if (name, direction, way) in known:
                    continue
                found = measure(name, direction, way, arguments)
                add(found, arguments.results)
                print(found, flush=True)
    return 0


def read(path: Path) -> list[Measured]:
    """What a file of results holds; lines that were cut are left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Measured(**json.loads(line)) for line in lines if line.endswith("}")]


def add(found: Measured, path: Path) -> None:
    """One line more, also after one that was cut."""
    is_cut = path.is_file() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * is_cut + json.dumps(asdict(found)) + "\n")


def params_of(name: str, *, toy: bool) -> NetworkParams:
    """The catalogue's network on its paper's clips, or the encoder's recipe's; from random weights."""
    if name == ENCODER:
        params = read_plan(ENCODER).stages[-1].recipe.network
    else:
        params = NetworkParams(name, CATALOGUE[name].clip, CATALOGUE[name].trunk)
    if not toy:
        return replace(params, weights=None)
    return replace(params, clip=CATALOGUE[params.name].small_clip, trunk=TrunkSpec("compact"), weights=None)


def measure(name: str, direction: str, way: str, arguments: argparse.Namespace) -> Measured:
    params = params_of(name, toy=arguments.toy)
    clip = params.clip
    batch = 2 if arguments.toy else max(2, FRAMES // clip.frames)
    shape = (batch, clip.frames, 3, clip.height, clip.width)
    size = f"{clip.frames} x {clip.height} x {clip.width}"
    torch.manual_seed(0)
    precision, is_compiled = WAYS[way]
    machine = Machine(arguments.device, precision, is_compiled)
    found: float | None = None
    words = ""
    try:
        network = laid_out(build_network(params).to(arguments.device))
        clips = [torch.randint(0, 256, shape, dtype=torch.uint8, device=arguments.device) for _ in range(BATCHES)]
        with _calls(network, clips, direction, machine) as call:
            found = batch * calls_per_s(call, arguments.device, toy=arguments.toy)
    except RuntimeError as error:  # of memory, of a kernel, of the compiler: the others are measured all the same
        words = next(iter(str(error).splitlines()), type(error).__name__)[:200]
    if arguments.device.startswith("cuda"):
        torch.cuda.empty_cache()
    return Measured(name, direction, way, found, batch, size, words)


def laid_out(network: nn.Module) -> nn.Module:
    """As `fit` has it: weights of 2-D convolutions channel by channel."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


@contextlib.contextmanager
def _calls(
    network: nn.Module, clips: list[Tensor], direction: str, machine: Machine
) -> Iterator[Callable[[int], object]]:
    """What is timed, given the number of the call."""
    forward = torch.compile(network) if machine.is_compiled else network
    if direction == "inference":
        network.eval()

        def ask(number: int) -> object:
            with machine.autocast():
                return forward(clips[number % BATCHES])

        with torch.inference_mode():
            yield ask
        return
    network.train()
    width = _width(network, clips[0], machine)
    head = nn.Linear(width, IDENTITIES).to(machine.device)
    optimiser = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=1e-4)
    persons = torch.arange(len(clips[0]), device=machine.device)

    def learn(number: int) -> object:
        optimiser.zero_grad(set_to_none=True)
        with machine.autocast():
            logits = head(forward(clips[number % BATCHES]).embedding)
        nn.functional.cross_entropy(logits.float(), persons).backward()
        optimiser.step()
        return None

    yield learn


def _width(network: nn.Module, clips: Tensor, machine: Machine) -> int:
    with torch.no_grad(), machine.autocast():
        return int(network(clips).embedding.shape[-1])


def calls_per_s(call: Callable[[int], object], device: str, *, toy: bool) -> float:
    """Median of the rounds, each as many calls as take about `ROUND_S`; of a toy one call, after another."""
    for number in range(1 if toy else WARM_UP):
        call(number)
    one_s = _round_s(call, device, 1)
    if toy:
        return 1 / one_s
    count = max(1, round(ROUND_S / one_s))
    return count / statistics.median(_round_s(call, device, count) for _ in range(ROUNDS))


def _round_s(call: Callable[[int], object], device: str, count: int) -> float:
    """A GPU works on while the program goes on: both ends of a round wait for it."""
    _wait(device)
    start_s = time.perf_counter()
    for number in range(count):
        call(number)
    _wait(device)
    return time.perf_counter() - start_s


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


if __name__ == "__main__":
    sys.exit(main())
