"""What a network costs on one clip: counted on paper (no number is computed), and measured on this processor."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.features import Features

GIGA = 1e9
MEGA = 1e6
MS = 1e3


@dataclass(frozen=True, slots=True)
class Size:
    """What can be counted.

    Attributes:
        parameters: numbers that learn, without a classifier.
        embedding: D.
        gflop: multiplications and additions of products and convolutions, 1e9 of them, for one of the paper's clips.
        trunk_gflop: those of the bare trunk on the same clip.
    """

    parameters: int
    embedding: int
    gflop: float
    trunk_gflop: float


@dataclass(frozen=True, slots=True)
class Times:
    """What must be measured, on one thread; the best of the rounds, in which the three take turns.

    Attributes:
        eager_ms: of processor time for one of the paper's clips.
        compiled_ms: the same by torch.compile; None where that was not asked for.
        trunk_ms: eager, of the bare trunk on the same clip.
        peak_mib: how much more memory the process takes with the network and one clip than without.
    """

    eager_ms: float
    compiled_ms: float | None
    trunk_ms: float
    peak_mib: float


def size_of(name: str) -> Size:
    """Counted on the meta device, which takes half a second."""
    with torch.device("meta"):
        network, trunk, clip = build(CATALOGUE[name])
        with torch.inference_mode():
            with FlopCounterMode(display=False) as whole:
                features: Features = network(clip)
            with FlopCounterMode(display=False) as bare:
                trunk(clip)
    return Size(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        embedding=features.embedding.shape[1],
        gflop=whole.get_total_flops() / GIGA,
        trunk_gflop=bare.get_total_flops() / GIGA,
    )


def times_of(name: str, *, rounds: int, is_compiled: bool) -> Times:
    """Measured; call it in a process of its own, whose peak of memory is read."""
    torch.set_num_threads(1)
    before_kib = peak_kib()
    entry = CATALOGUE[name]
    network = entry.build(build_trunk(entry.trunk), entry.clip).eval()
    clip = clip_for(entry)
    with torch.inference_mode():
        network(clip)
    peak_mib = (peak_kib() - before_kib) / 1024
    trunk = FramesOnly(entry).eval()
    ways: list[nn.Module | Callable[[Tensor], object]] = [network, trunk]
    if is_compiled:
        ways.append(torch.compile(network))
    eager_ms, trunk_ms, *compiled_ms = best_ms(ways, clip, rounds=rounds)
    return Times(eager_ms, compiled_ms[0] if compiled_ms else None, trunk_ms, peak_mib)


def build(entry: Architecture) -> tuple[nn.Module, nn.Module, Tensor]:
    """The network, its bare trunk as a network of clips, and one of the paper's clips."""
    network = entry.build(build_trunk(entry.trunk), entry.clip).eval()
    return network, FramesOnly(entry).eval(), clip_for(entry)


def clip_for(entry: Architecture) -> Tensor:
    return torch.rand(1, entry.clip.frames, 3, entry.clip.height, entry.clip.width)


class FramesOnly(nn.Module):
    """A network's trunk, frame by frame."""

    def __init__(self, entry: Architecture) -> None:
        super().__init__()
        self.trunk = build_trunk(entry.trunk)

    def forward(self, clips: Tensor) -> Tensor:
        maps: Tensor = self.trunk(self.trunk.frames(clips))
        return maps


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def best_ms(ways: list[nn.Module | Callable[[Tensor], object]], clip: Tensor, *, rounds: int) -> list[float]:
    """Processor time of each way, the least of its rounds; neighbours on the machine lengthen a clock's time more."""
    best = [float("inf")] * len(ways)
    with torch.inference_mode():
        for way in ways:
            way(clip)
        for _ in range(rounds):
            for index, way in enumerate(ways):
                start_s = time.process_time()
                way(clip)
                best[index] = min(best[index], (time.process_time() - start_s) * MS)
    return best
