"""`reid-pipeline adopt`: what a file is found to be, and what it makes of an image."""

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from pipeline.cli import main
from reid_runtime.card import card_path, read_card
from testing.detectors.foreign import (
    SIDE_PX,
    detr_outputs,
    end2end_output,
    nanodet_outputs,
    ssd_output,
    yolov8_output,
)
from testing.networks import Shape, constant_outputs, mean_network

FAILED, MISUSE = 1, 2
IMAGE: Shape = [1, 3, SIDE_PX, SIDE_PX]


def detector(path: Path, outputs: dict[str, NDArray[Any]], **options: Any) -> Path:
    return constant_outputs(path, IMAGE, outputs, **options)


@pytest.mark.parametrize(
    ("family", "outputs", "why"),
    [
        ("yolov8", {"output0": yolov8_output()}, "a box and 80 classes for each of 189 cells; people are class 0"),
        ("end2end", {"output0": end2end_output()}, "rows of six, as of a box, its score and its class"),
        ("ssd", {"detection_out": ssd_output()}, "rows of seven, .* people are class 1"),
        ("detr", detr_outputs(), r"boxes \(pred_boxes\) and 80 logits \(logits\) for each query"),
        ("nanodet", nanodet_outputs(), "80 classes and 4 x 8 distances for the cells of strides 8, 16, 32"),
    ],
)
def test_a_detector_is_known_by_itself_and_finds_people_on_an_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], family: str, outputs: dict[str, NDArray[Any]], why: str
) -> None:
    path = detector(tmp_path / "net.onnx", outputs)
    assert main(["adopt", str(path)]) == 0
    found, because, people = capsys.readouterr().out.splitlines()
    assert found.endswith(f", family {family}")
    assert found.startswith(str(card_path(path)))
    assert re.search(why, because)
    assert people == "people on the shop's frame: 2 with scores of 0.90 0.60"
    assert read_card(path).family == family


def test_an_encoder_tells_a_person_from_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mean_network(tmp_path / "net.onnx", ["n", 3, 64, 32], axes=[2, 3])
    assert main(["adopt", str(path)]) == 0
    found, because, alike = capsys.readouterr().out.splitlines()
    assert found.endswith("family osnet")
    assert "RGB with ImageNet's mean and deviation taken off" in because
    assert alike.startswith("similarity of a person and the mirror image on the shop's frame: ")
    assert ", and of two people: " in alike


def test_whom_a_detector_found_can_be_drawn_on_an_image_of_ones_own(tmp_path: Path) -> None:
    image = np.full((SIDE_PX * 2, SIDE_PX * 2, 3), 90, np.uint8)
    cv2.imwrite(str(tmp_path / "own.png"), image)
    path, drawing = detector(tmp_path / "net.onnx", {"o": ssd_output()}), tmp_path / "drawn" / "out.jpg"
    assert main(["adopt", str(path), "--try", str(tmp_path / "own.png"), "--draw", str(drawing)]) == 0
    drawn = cv2.imread(str(drawing))
    assert drawn is not None
    assert drawn.shape == image.shape
    x1, y1, y2 = 16, 16, 80
    assert np.abs(drawn[y1:y2, x1].astype(int) - 90).mean() > 20
    assert np.abs(drawn[100:, 110:].astype(int) - 90).max() < 10


@pytest.mark.parametrize(
    ("outputs", "options", "message"),
    [
        ({"o": yolov8_output()[:, :24]}, "", "the family yolov8 has 20 classes here that the file does not name"),
        ({"o": yolov8_output()}, "--person-class 80", "has 80 classes here, 0 to 79, found --person-class 80"),
        ({"o": yolov8_output()}, "--person-class walker", "does not name, asked for 'walker': say its number"),
        ({"o": np.full((1, 1, 7, 7), 1.5, np.float32)}, "", "it is not of the family ssd: expected conf"),
        ({"o": np.ones((2, 9), np.float32)}, "--family detr", "the family detr yields boxes (N, queries, 4) and"),
        ({"o": yolov8_output() * 1e9}, "", "it is not of the family yolov8: expected scores between 0 and 1"),
        ({"o": yolov8_output() * np.nan}, "", "net.onnx yields NaN or infinity"),
        ({"o": yolov8_output()}, "--size 64", "--size: expected HEIGHTxWIDTH, each up to 8192 pixels, found '64'"),
        ({"o": yolov8_output()}, "--size 0x0", "--size: expected HEIGHTxWIDTH, each up to 8192 pixels, found '0x0'"),
        ({"o": yolov8_output()}, "--size 64x64", "--size: the file takes images of 96x96 alone, found 64x64"),
        ({"o": np.ones((1, 9), np.float32)}, "--size 64x64", "--size: the file takes crops, and no images"),
        ({"o": yolov8_output()}, "--try {tmp}/none.jpg", "none.jpg: expected a JPEG or PNG image"),
        ({"o": np.ones((1, 9), np.float32)}, "--draw {tmp}/o.jpg", "--draw: expected a detector, found the family"),
    ],
)  # fmt: skip
def test_what_cannot_be_adopted_is_one_line_and_no_card(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    outputs: dict[str, NDArray[Any]],
    options: str,
    message: str,
) -> None:
    path = detector(tmp_path / "net.onnx", outputs)
    assert main(["adopt", str(path), *options.format(tmp=tmp_path).split()]) in (FAILED, MISUSE)
    line = capsys.readouterr().err
    assert message in line
    assert line.count("\n") == 1
    assert not card_path(path).exists()
    assert not (tmp_path / "o.jpg").exists()


def test_a_file_of_two_families_is_refused_until_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row for each cell of six numbers between 0 and 1: undecoded boxes and one class, or boxes as shares."""
    rows = np.zeros((1, 189, 6), np.float32)
    rows[..., :4], rows[..., 4] = 0.5, 1e-3
    path = detector(tmp_path / "net.onnx", {"o": rows})
    assert main(["adopt", str(path)]) == FAILED
    line = capsys.readouterr().err
    assert "net.onnx fits yolox and detr, inputs images (1, 3, 96, 96) float32; outputs o (1, 189, 6) float32" in line
    assert "say which it is, such as --family yolox" in line
    assert not card_path(path).exists()
    assert main(["adopt", str(path), "--family", "detr", "--person-class", "0"]) == 0
    assert read_card(path).family == "detr"


def test_half_precision_at_the_input_is_adopted_as_such(tmp_path: Path) -> None:
    path = detector(tmp_path / "net.onnx", {"o": yolov8_output()}, dtype=TensorProto.FLOAT16)
    assert main(["adopt", str(path)]) == 0
    assert read_card(path).pixels.dtype == "float16"


@pytest.mark.parametrize("family", [(), ("--family", "yolox"), ("--family", "osnet")])
@pytest.mark.parametrize("lacking", ["input", "output"])
def test_a_file_without_inputs_or_outputs_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lacking: str, family: tuple[str, ...]
) -> None:
    path = detector(tmp_path / "net.onnx", {"o": yolov8_output()})
    model = onnx.load(path)
    del getattr(model.graph, lacking)[:]
    if lacking == "input":
        model.graph.initializer.append(
            onnx.numpy_helper.from_array(np.zeros((1, 3, SIDE_PX, SIDE_PX), np.float32), "images")
        )
    onnx.save(model, path)
    assert main(["adopt", str(path), *family]) == FAILED
    line = capsys.readouterr().err
    assert "net.onnx: expected a network with inputs and outputs, found " in line
    assert line.count("\n") == 1
