"""The curves of a run as one image: losses, rates, and what rankings found on the way."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reid_learning.run_log import Series, read_log

FILE = "curves.png"
RATES = ("rate",)
SCORES = ("rank1", "mean_average_precision")
"""Shares that a ranking found; everything else but the rates is a loss."""
WINDOW = 0.02
"""Share of a run over which its losses are averaged: single batches hide where they go."""
POINTS = 2000
"""Of a line; more are thinner than the image."""


def draw_curves(folder: Path) -> Path | None:
    """Draws what the log of a run has into its folder, and tells where; None: there is nothing yet."""
    series = read_log(folder)
    panels = [
        ("loss", {name: one for name, one in series.items() if name not in (*RATES, *SCORES)}),
        ("learning rate", {name: series[name] for name in RATES if name in series}),
        ("share", {name: series[name] for name in SCORES if name in series}),
    ]
    shown = [(title, some) for title, some in panels if some]
    if not shown:
        return None
    figure = Figure(figsize=(8, 1 + 2.4 * len(shown)), layout="constrained")
    axes: Sequence[Axes] = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0].tolist()
    for axis, (title, some) in zip(axes, shown, strict=True):
        _draw(axis, title, some)
    axes[-1].set_xlabel("step")
    path = folder / FILE
    partial_file = path.with_name(f"{path.name}.part")
    figure.savefig(partial_file, dpi=110, format="png")
    partial_file.replace(path)
    return path


def _draw(axis: Axes, title: str, series: Series | Mapping[str, tuple[list[int], list[float]]]) -> None:
    for name, (steps, values) in series.items():
        places, levels = np.array(steps), np.array(values)
        every = max(1, len(places) // POINTS)
        if name in (*RATES, *SCORES):
            marker = "o" if len(places) <= 50 and name in SCORES else ""
            axis.plot(places[::every], levels[::every], label=name.replace("_", " "), marker=marker, markersize=3)
            continue
        (line,) = axis.plot(places[::every], _smoothed(levels)[::every], label=name.replace("_", " "))
        axis.plot(places[::every], levels[::every], color=line.get_color(), alpha=0.2, linewidth=0.8)
    axis.set_ylabel(title)
    axis.grid(alpha=0.3)
    axis.legend(fontsize="small", frameon=False)
    if title != "learning rate":
        axis.set_ylim(bottom=0)


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of each value and those before it, as many as the window holds, or as there are."""
    width = max(1, round(WINDOW * len(values)))
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - width)
    smoothed: NDArray[np.float64] = (sums[ends] - sums[starts]) / (ends - starts)
    return smoothed
