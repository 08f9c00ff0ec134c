from pathlib import Path

import cv2
import numpy as np

from reid_learning.curves import FILE, draw_curves
from reid_learning.run_log import FILE as LOG
from reid_learning.run_log import RunLog


def height_of(path: Path) -> int:
    image = cv2.imread(str(path))
    assert image is not None
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 10
    return int(image.shape[0])


def test_losses_rates_and_rankings_have_a_panel_each(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for step in range(1, 300):
            log.write(step, rate=1e-3 / step, identity=6 / step, triplet=1.0)
        first = draw_curves(tmp_path)
        assert first == tmp_path / FILE
        two = height_of(first)
        log.write(300, rank1=0.4, mean_average_precision=0.3)
    assert draw_curves(tmp_path) == first
    assert height_of(first) > two
    assert not list(tmp_path.glob("*.part"))


def test_a_run_without_a_step_has_no_curves(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("")
    assert draw_curves(tmp_path) is None
