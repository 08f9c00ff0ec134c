"""Real exports of the libraries that people take their detectors from, untrained: no weights are needed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.network_params import NetworkParams
from detectors.ultralytics_params import UltralyticsParams
from pipeline.families import FAMILIES
from reid_runtime.adopt import Origin, examine
from reid_runtime.card import ModelCard, write_card
from reid_runtime.family import Asked
from testing.detectors.foreign import detector_of

SIDE_PX = 96


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (60, 120, 3), np.uint8)


def guessed(path: Path) -> ModelCard:
    card = examine(path, list(FAMILIES.values()), Origin("net", "none", "made in a test"), Asked()).card
    write_card(card, path)
    return card


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")  # of a library that is not ours
@pytest.mark.parametrize(
    ("network", "options", "family", "score"),
    [
        ("yolov8n", {}, "yolov8", 0.4),
        ("yolo11n", {}, "yolov8", 0.4),
        ("yolov8n", {"nms": True, "conf": 0.4, "iou": 0.99}, "end2end", 0.4),
    ],
)
def test_ultralytics_own_library_finds_the_same_in_its_exports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, options: dict[str, object], family: str, score: float
) -> None:
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("YOLO_AUTOINSTALL", "False")
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("ultralytics")
    from ultralytics import YOLO

    from detectors.ultralytics_yolo import UltralyticsDetector

    model = YOLO(f"{network}.yaml")
    for branch in model.model.model[-1].cv3:  # an untrained head finds nobody: only class 0 is given something to say
        branch[-1].weight.data *= 400
        branch[-1].weight.data[1:] = 0
        branch[-1].bias.data[:] = -20
        branch[-1].bias.data[0] = 0
    path = Path(
        shutil.move(model.export(format="onnx", imgsz=SIDE_PX, verbose=False, **options), tmp_path / "net.onnx")
    )
    card = guessed(path)
    assert card.family == family
    ours = detector_of(path, NetworkParams(score=score, nms_iou=0.99)).detect([noise()])[0]
    theirs = UltralyticsDetector(path, UltralyticsParams(score=score, nms_iou=0.99, side_px=SIDE_PX)).detect([noise()])[
        0
    ]
    assert len(theirs) > 20
    np.testing.assert_allclose(ours.scores.max(), theirs.scores.max(), atol=0.01)
    # Scores hardly differ, so that their order means nothing: each box has its like.
    distances = np.abs(ours.boxes[:, None] - theirs.boxes[None]).max(axis=2)
    assert distances.min(axis=1).max() < 1.5
    assert distances.min(axis=0).max() < 1.5
