"""`reid-pipeline calibrate`: what the similarities of an encoder are worth."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from pipeline.build import encoder_by_name
from pipeline.config import ConfigError
from pipeline.labelled import embed_folder
from pipeline.matching.calibrating import calibrate, compare, pooled
from pipeline.matching.calibration import Calibration, Curve, write_calibration
from pipeline.plots import draw_calibration

SEED = 0


def write_threshold(tracklets: Path, encoder_name: str, out: Path, false_match_rate: float, provider: str) -> int:
    """Encodes the tracklets, measures, writes the calibration and its histograms, prints the figures."""
    if not 0 < false_match_rate < 1:
        raise ConfigError(f"--false-match-rate: expected a share above 0 and below 1, found {false_match_rate}")
