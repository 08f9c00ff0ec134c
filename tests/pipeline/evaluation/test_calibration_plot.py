from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.calibration_plot import draw_calibration
from pipeline.matching.calibration import Calibration, CalibrationError, Curve
from pipeline.matching.measure_calibration import Similarities


def measured() -> Similarities:
    rng = np.random.default_rng(0)
    same, different = rng.normal(0.7, 0.1, 200), rng.normal(0.4, 0.1, 2000)
    nobody = np.zeros(2000, np.int64)
    return Similarities(same.astype(np.float32), different.astype(np.float32), nobody, nobody + 1)


def calibration() -> Calibration:
    curve = Curve(
        threshold=0.6,
        interval=(0.58, 0.62),
        true_match_rate=0.8,
        slope=20,
        intercept=-11,
        same_pairs=1,
        different_pairs=1,
    )
    return Calibration(model_id="net-1", false_match_rate=0.01, prior=0.5, overall=curve)


def test_a_calibration_is_drawn_as_png(tmp_path: Path) -> None:
    draw_calibration(tmp_path / "new" / "calibration.png", measured(), calibration())
    assert (tmp_path / "new" / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_an_image_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CalibrationError, match="expected to draw"):
        draw_calibration(tmp_path / "file" / "c.png", measured(), calibration())
