"""Images of measurements, as PNG."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.matching.calibration import Calibration, CalibrationError
from pipeline.matching.measure_calibration import Similarities

SAME, DIFFERENT, INK = "#1b7f5c", "#8a8f98", "#1d2430"
BINS = 60


def draw_calibration(path: Path, similarities: Similarities, calibration: Calibration) -> None:
    """Histograms of same and different pairs, the threshold with its interval, and the probability curve.

    Args:
        path: of the PNG.
        similarities: of all pairs of cameras together.
        calibration: that was measured on them.

    Raises:
        CalibrationError: if the image cannot be written.
    """
    figure = Figure(figsize=(9, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    _draw_histograms(axes, similarities)
    _draw_threshold(axes, calibration)
    _draw_probability(axes, calibration)
    figure.legend(loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    axes.set_title(f"{calibration.model_id}: tracklets from different cameras", loc="left", fontsize=11, color=INK)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png")
    except OSError as error:
        raise CalibrationError(f"expected to draw a calibration to {path}: {error.strerror}") from error


def _draw_histograms(axes: Axes, similarities: Similarities) -> None:
    both = np.concatenate((similarities.same, similarities.different))
    edges = np.linspace(both.min(), both.max(), BINS + 1)
    kinds = (("different persons", similarities.different, DIFFERENT), ("the same person", similarities.same, SAME))
    for label, values, colour in kinds:
        share = np.full(len(values), 100 / len(values))
        axes.hist(
            values, edges.tolist(), weights=share, color=colour, alpha=0.6, label=f"{label} ({len(values):,} pairs)"
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("similarity (cosine)")
    axes.set_ylabel("share of the pairs of each kind, %")
    axes.spines[["top"]].set_visible(False)


def _draw_threshold(axes: Axes, calibration: Calibration) -> None:
    curve = calibration.overall
    axes.axvspan(*curve.interval, color=INK, alpha=0.15, linewidth=0)
    axes.axvline(
        curve.threshold,
        color=INK,
        linewidth=1.5,
        label=(
            f"threshold {curve.threshold:.3f} ({curve.interval[0]:.3f} to {curve.interval[1]:.3f})\n"
            f"lets {100 * calibration.false_match_rate:g} % of strangers and "
            f"{100 * curve.true_match_rate:.0f} % of the same pass"
        ),
    )


def _draw_probability(axes: Axes, calibration: Calibration) -> None:
    cosines = np.linspace(*axes.get_xlim(), 200)
    right = axes.twinx()
    right.plot(
        cosines,
        calibration.probability(cosines, "", ""),
        color="#c2571a",
        linewidth=2,
        label=f"probability of the same person (prior {calibration.prior:g})",
    )
    right.set_ylim(0, 1)
    right.set_ylabel("probability of the same person")
    right.spines[["top"]].set_visible(False)
