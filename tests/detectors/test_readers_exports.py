"""Real exports of the libraries that people take their detectors from, untrained: no weights are needed."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort
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
STAGES = ["stage2", "stage3", "stage4"]


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (60, 120, 3), np.uint8)


def outputs_alone(model: Any, names: list[str]) -> Any:
    """The network that yields these of its outputs."""
    import torch

    class Outputs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, ...]:
            found = self.model(pixel_values=pixel_values)
            return tuple(found[name] for name in names)

    return Outputs()


def guessed(path: Path, person: str | None = None) -> ModelCard:
    card = examine(path, list(FAMILIES.values()), Origin("net", "none", "made in a test"), Asked(person)).card
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


@pytest.mark.timeout(120)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["RTDetr", "DFine"])
def test_the_people_of_transformers_own_reading_are_found_in_its_networks(tmp_path: Path, name: str) -> None:
    transformers = pytest.importorskip("transformers")
    import torch

    trunk = transformers.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1] * 4, layer_type="basic", out_features=STAGES
    )
    sizes = dict.fromkeys(("encoder_hidden_dim", "encoder_ffn_dim", "d_model", "decoder_ffn_dim"), 32)
    layers = {"decoder_layers": 2, "encoder_layers": 1, "num_queries": 10, "num_labels": 80}
    heads = dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads"), 2)
    channels = {"encoder_in_channels": [8, 16, 16], "decoder_in_channels": [32] * 3, "anchor_image_size": None}
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(backbone_config=trunk, **sizes, **layers, **heads, **channels)
    model = getattr(transformers, f"{name}ForObjectDetection")(config).eval()
    path = tmp_path / "net.onnx"
    image = cv2.resize(noise(), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    names = ["logits", "pred_boxes"]
    torch.onnx.export(
        outputs_alone(model, names),
        (pixels,),
        path,
        input_names=["pixel_values"],
        output_names=names,
        dynamo=False,
        opset_version=17,
    )
    # Of the file: untrained queries are so alike that torch and ONNX Runtime may choose other ones.
    found = ort.InferenceSession(path).run(names, {"pixel_values": pixels.numpy()})
    outputs = SimpleNamespace(**dict(zip(names, map(torch.from_numpy, found), strict=True)))
    size = torch.tensor([noise().shape[:2]])
    read = transformers.RTDetrImageProcessor().post_process_object_detection(outputs, 0.0, size)[0]
    person = int(read["labels"][0])  # untrained, it takes them for anything
    theirs = read["boxes"].numpy()[(read["labels"] == person).numpy()]
    assert guessed(path, str(person)).family == "detr"
    (ours,) = detector_of(path, NetworkParams(score=1e-6)).detect([noise()])
    distances = np.abs(ours.boxes[:, None] - np.clip(theirs, 0, [120, 60, 120, 60])[None]).max(axis=2)
    assert distances.min(axis=0).max() < 1
