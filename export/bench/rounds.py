"""Ways to run a network, timed in turns: a neighbour on the machine slows all of them, not one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

MS = 1e3
P95 = 0.95


@dataclass(frozen=True, slots=True)
class Size:
    """
    Attributes:
        batch: N, clips or images in a pass.
        frames: T of a clip; 0 of images.
    """

    batch: int
    frames: int


@dataclass(frozen=True, slots=True)
class Timing:
    """One way at one size.

    Attributes:
        way: its name.
        size: see there.
        median_ms, p95_ms: of a pass.
        per_s: clips or images, by the median.
        roofline: share of what the machine allows; None where nothing was counted.
    """

    way: str
    size: Size
    median_ms: float
    p95_ms: float
    per_s: float
    roofline: float | None = None


def time_ways(
    ways: Mapping[str, Callable[[], object]], *, rounds: int, advance: Callable[[], None]
) -> dict[str, list[float]]:
    """Seconds of each pass of each way; the first pass of each is not among them."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way()
    for _ in range(rounds):
        for name, way in ways.items():
            start_s = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - start_s)
        advance()
    return taken


def timing(way: str, size: Size, taken_s: list[float], *, least_s: float | None) -> Timing:
    """What came of the passes.

    Args:
        way: its name.
        size: of the passes.
        taken_s: of each.
        least_s: that the machine allows; None: nobody knows.
    """
    median_s = float(np.median(taken_s))
    return Timing(
        way,
        size,
        median_ms=MS * median_s,
        p95_ms=MS * float(np.quantile(taken_s, P95)),
        per_s=size.batch / median_s,
        roofline=None if least_s is None else least_s / median_s,
    )
