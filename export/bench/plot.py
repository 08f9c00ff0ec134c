"""Clips a second of each way, and how near it comes to what the machine allows, as an image."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from export.bench.rounds import Size, Timing

mpl.use("Agg")


def draw(timings: Sequence[Timing], file: Path, *, title: str) -> None:
    """Writes a PNG: bars of each size, a colour for each way."""
    ways = list(dict.fromkeys(timing.way for timing in timings))
    sizes = list(dict.fromkeys(timing.size for timing in timings))
    found = {(timing.way, timing.size): timing for timing in timings}
    figure = Figure(figsize=(max(7.0, 1.6 * len(sizes) + 3), 7.0), layout="constrained")
    rates, shares = figure.subplots(2, 1, sharex=True)
    width = 0.8 / len(ways)
    for number, way in enumerate(ways):
        places = np.arange(len(sizes)) + width * (number - (len(ways) - 1) / 2)
        row = [found.get((way, size)) for size in sizes]
        rates.bar(places, [timing.per_s if timing else 0.0 for timing in row], width, label=way)
        shares.bar(places, [100 * (timing.roofline or 0.0) if timing else 0.0 for timing in row], width)
    rates.set_ylabel("clips or images a second")
    rates.set_title(title)
    rates.legend(fontsize="small")
    shares.set_ylabel("of the roofline, %")
    shares.set_xticks(np.arange(len(sizes)), [_label(size) for size in sizes])
    figure.savefig(file)


def _label(size: Size) -> str:
    return f"N {size.batch}" + (f", T {size.frames}" if size.frames else "")
