from pathlib import Path

import numpy as np
import pytest
import torch

from detectors.network_detector import NetworkDetector
from detectors.network_params import NetworkParams
from detectors.training.network import PersonNetwork
from detectors.training.objective import DetectorLearner
from detectors.training.train import small_person_detector
from export.shipped import ExportError, export_detector
from reid_learning.checkpoint import Checkpoint, CheckpointError, save_checkpoint
from reid_learning.recipes import kept
from reid_runtime.card import read_card
from reid_runtime.load import load_session

STEPS = 3
SEEN = ("mars (MARS, for research)", "places (unknown)")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder as training leaves it."""
    torch.manual_seed(0)
    learner = DetectorLearner(PersonNetwork())
    state = learner.state_dict()
    checkpoint = Checkpoint(kept(small_person_detector(steps=STEPS)), STEPS, state, state, [], SEEN)
    save_checkpoint(checkpoint, tmp_path)
    return tmp_path


def test_a_detector_is_exported_as_serving_reads_it(run: Path) -> None:
    file = run / "people.onnx"
    model_id, difference = export_detector(
        run, file, steps=STEPS, licence="LicenseRef-research", notes="Good for nothing."
    )
    assert model_id.startswith("people@")
    card = read_card(file)
    assert card.licence == "LicenseRef-research"
    assert card.origin.endswith("3 steps, trained on mars (MARS, for research), places (unknown)")
    assert "simulated" not in card.origin
    assert difference < 1e-4
    detector = NetworkDetector(load_session(file, provider="cpu", threads=1), NetworkParams(score=1e-5, nms_iou=0.3))
    (found,) = detector.detect([np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)])
    assert len(found) > 0
    assert np.isfinite(found.boxes).all()


def test_a_run_of_other_steps_is_refused(run: Path) -> None:
    with pytest.raises(CheckpointError, match=r"of another recipe, loop\.steps was 3 and is 2: take another folder"):
        export_detector(run, run / "people.onnx", steps=STEPS - 1, licence="LicenseRef-research", notes="")


def test_a_size_that_the_network_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="multiples of 32, found 384, 500"):
        export_detector(
            tmp_path, tmp_path / "people.onnx", steps=STEPS, licence="LicenseRef-research", notes="", width=500
        )
