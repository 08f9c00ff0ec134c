"""`reid-pipeline calibrate`: what the similarities of an encoder are worth."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track as with_progress
from rich.table import Table

from pipeline.build import build_encoder
from pipeline.commands.flags import choose_encoder
from pipeline.config import ComputeConfig
from pipeline.config_errors import ConfigError
from pipeline.config_files import parse
from pipeline.evaluation.calibration_plot import draw_calibration
from pipeline.matching.calibration import Calibration, Curve, write_calibration
from pipeline.matching.measure_calibration import LabelledVectors, compare, measure_calibration, pool
from reid_models.encoder import Encoder
from reid_models.tracklet_folder import encode_tracklets, read_folder

SEED = 0


def write_threshold(
    tracklets: Path, encoder_name: str, out: Path, false_match_rate: float, provider: str | None
) -> int:
    """Encodes the tracklets, measures, writes the calibration and its histograms, prints the figures."""
    if not 0 < false_match_rate < 1:
        raise ConfigError(f"--false-match-rate: expected a share above 0 and below 1, found {false_match_rate}")
    compute = parse(ComputeConfig, {"provider": provider} if provider else {}, "--provider")
    encoder = build_encoder(choose_encoder(encoder_name, []), compute)
    rng = np.random.default_rng(SEED)
    by_pair = compare(_encode(tracklets, encoder), rng)
    found = measure_calibration(by_pair, model_id=encoder.model_id, false_match_rate=false_match_rate, rng=rng)
    write_calibration(out, found)
    image = out.with_suffix(".png")
    draw_calibration(image, pool(by_pair), found)
    console = Console(highlight=False)
    console.print(_table(found))
    console.print(f"{out}\n{image}", soft_wrap=True, markup=False)
    return 0


def _encode(folder: Path, encoder: Encoder) -> LabelledVectors:
    """The vectors of all labelled tracklets, people of nobody's name left out; cameras are named by their numbers."""
    tracklets = [tracklet for tracklet in read_folder(folder) if tracklet.is_named]
    console = Console(stderr=True)
    shown = with_progress(tracklets, "encoding", console=console, disable=not console.is_terminal)
    encoded, vectors = encode_tracklets(encoder, shown)
    return LabelledVectors(
        persons=np.array([tracklet.person for tracklet in encoded], np.int64),
        cameras=tuple(str(tracklet.camera) for tracklet in encoded),
        vectors=vectors,
    )


def _table(found: Calibration) -> Table:
    rate = f"{found.false_match_rate:g}"
    table = Table(
        "cameras", f"threshold at {rate} false matches", "95 % of such thresholds", "same pairs above", "pairs"
    )
    table.add_row("all", *_cells(found.overall))
    for pair in found.pairs:
        table.add_row(" and ".join(pair.cameras), *_cells(pair.curve))
    return table


def _cells(curve: Curve) -> list[str]:
    low, high = curve.interval
    pairs = f"{curve.same_pairs:,} same, {curve.different_pairs:,} different"
    return [f"{curve.threshold:.3f}", f"{low:.3f} to {high:.3f}", f"{curve.true_match_rate:.1%}", pairs]
