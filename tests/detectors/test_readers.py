"""Every family of detectors, on outputs made by hand: who is found, and where."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from detectors.network_params import NetworkParams
from reid_runtime.card import ArtefactError, card_path
from reid_runtime.family import Asked
from testing.detectors.foreign import (
    DOG,
    PEOPLE,
    SIDE_PX,
    Rows,
    adopted,
    centres,
    detector_of,
    detr_outputs,
    end2end_output,
    joined,
    nanodet_outputs,
    ssd_output,
    yolov5_output,
    yolov8_output,
)
from testing.detectors.pets import precision_and_recall
from testing.networks import Shape, constant_outputs

IMAGE: Shape = [1, 3, SIDE_PX, SIDE_PX]
COCO = {"names": "{0: 'person', 16: 'dog'}"}

Outputs = dict[str, NDArray[Any]]


def image(height: int = SIDE_PX, width: int = SIDE_PX) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 200, np.uint8)


def joined_detr() -> Outputs:
    found = detr_outputs(queries=90)
    return {"output0": np.concatenate([found["pred_boxes"], 1 / (1 + np.exp(-found["logits"]))], axis=2)}


def detr_rows() -> Outputs:
    rows = np.zeros((1, 10, 6), np.float32)
    rows[0, :, :4] = 0.5
    rows[0, :2, :4] = centres() / SIDE_PX
    rows[0, :2, 4] = [score for *_, score in PEOPLE]
    rows[0, 2, 4:] = (0.95, DOG)
    return {"output0": rows}


def settled_detr() -> Outputs:
    boxes, scores, labels = np.zeros((1, 10, 4), np.float32), np.zeros((1, 10), np.float32), np.full((1, 10), DOG)
    boxes[0, :2], scores[0, :2], labels[0, :2] = np.array(PEOPLE)[:, :4], np.array(PEOPLE)[:, 4], 0
    boxes[0, 2], scores[0, 2] = (5, 5, 30, 30), 0.95
    return {"labels": labels.astype(np.int64), "boxes": boxes, "scores": scores}


def changed(outputs: Outputs, **others: NDArray[Any]) -> Outputs:
    return {**outputs, **others}


FORMS: dict[str, tuple[str, Callable[[], Outputs]]] = {
    "yolov8": ("yolov8", lambda: {"output0": yolov8_output()}),
    "yolov8 with four strides": ("yolov8", lambda: {"output0": yolov8_output(cells=193)}),
    "yolov5": ("yolov8", lambda: {"output": yolov5_output()}),
    "end2end": ("end2end", lambda: {"output0": end2end_output()}),
    "ssd": ("ssd", lambda: {"detection_out": ssd_output()}),
    "detr": ("detr", detr_outputs),
    "detr joined": ("detr", joined_detr),
    "detr rows": ("detr", detr_rows),
    "detr settled": ("detr", settled_detr),
    "nanodet": ("nanodet", nanodet_outputs),
    "nanodet joined": ("nanodet", lambda: joined(nanodet_outputs())),
    "nanodet plus": ("nanodet", lambda: joined(nanodet_outputs(strides=(8, 16, 32, 64)))),
}


def network(path: Path, form: str, shape: Shape | None = None, **options: Any) -> tuple[Path, str]:
    family, outputs = FORMS[form]
    has_sizes = form == "detr settled"
    return constant_outputs(path, shape or IMAGE, outputs(), sizes=has_sizes, **options), family


@pytest.mark.parametrize("form", FORMS)
def test_people_are_found_where_the_network_sees_them(tmp_path: Path, form: str) -> None:
    path, family = network(tmp_path / "net.onnx", form)
    card = adopted(path, family)
    (found,) = detector_of(path).detect([image()])
    assert card.family == family
    np.testing.assert_allclose(found.boxes, np.array(PEOPLE)[:, :4], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(found.scores, np.array(PEOPLE)[:, 4], rtol=1e-4)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("yolov8", [8, 0, 20, 16]),  # the image lies in the middle, 24 pixels below the upper edge of the input
        ("end2end", [8, 0, 20, 16]),
        ("ssd", [8, 4, 20, 20]),  # stretched to twice its height
        ("detr", [8, 4, 20, 20]),
        ("detr settled", [8, 4, 20, 20]),
        ("nanodet", [8, 4, 20, 20]),
    ],
)
def test_boxes_are_in_pixels_of_an_image_of_another_shape(tmp_path: Path, form: str, expected: list[float]) -> None:
    path, family = network(tmp_path / "net.onnx", form)
    adopted(path, family)
    (found,) = detector_of(path).detect([image(SIDE_PX // 2, SIDE_PX)])
    np.testing.assert_allclose(found.boxes[0], expected, atol=1e-2)


@pytest.mark.parametrize("form", FORMS)
def test_a_free_batch_and_half_precision_are_taken(tmp_path: Path, form: str) -> None:
    path, family = network(tmp_path / "net.onnx", form, ["n", 3, SIDE_PX, SIDE_PX], dtype=TensorProto.FLOAT16)
    card = adopted(path, family)
    assert (card.pixels.dtype, card.precision, card.inputs[0].shape[0]) == ("float16", "fp16", None)
    assert [len(found) for found in detector_of(path).detect([image()] * 2)] == [2, 2]


@pytest.mark.parametrize("form", ["yolov8", "detr", "nanodet"])
def test_doubles_are_dropped_where_the_network_leaves_them(tmp_path: Path, form: str) -> None:
    family, _ = FORMS[form]
    twice = (PEOPLE[0], (9.0, 17.0, 21.0, 49.0, 0.5))
    seen: dict[str, Callable[[Rows], Outputs]] = {"detr": detr_outputs, "nanodet": nanodet_outputs}
    outputs = seen[form](twice) if form in seen else {"output0": yolov8_output(twice)}
    path = constant_outputs(tmp_path / "net.onnx", IMAGE, outputs)
    adopted(path, family)
    (found,) = detector_of(path, NetworkParams(nms_iou=0.4)).detect([image()])
    assert len(found) == (2 if form == "detr" else 1)


@pytest.mark.parametrize("form", ["yolov8", "yolov5", "end2end", "detr joined", "detr rows", "detr settled"])
def test_another_class_can_be_asked_for_by_name_or_number(tmp_path: Path, form: str) -> None:
    for asked in ("dog", "16"):
        path, family = network(tmp_path / f"{asked}.onnx", form, metadata=COCO)
        person = 1 if form == "detr joined" else DOG
        card = adopted(path, family, Asked(person=asked if form != "detr joined" else str(person)))
        assert card.detection is not None
        assert card.detection.person == person
        (found,) = detector_of(path).detect([image()])
        assert len(found) == 1
        assert found.scores[0] > 0.9


def test_the_size_of_an_input_that_takes_any_is_that_of_its_exporter_or_asked_for(tmp_path: Path) -> None:
    path, family = network(
        tmp_path / "a.onnx", "yolov8", [1, 3, "h", "w"], metadata={"imgsz": f"[{SIDE_PX}, {SIDE_PX}]"}
    )
    card = adopted(path, family)
    assert card.detection is not None
    assert (card.detection.height, card.detection.width) == (SIDE_PX, SIDE_PX)
    path, family = network(tmp_path / "b.onnx", "detr", [1, 3, "h", "w"])
    with pytest.raises(ArtefactError, match=r"has an input of one size, found .*: say --size HEIGHTxWIDTH"):
        adopted(path, family)
    adopted(path, family, Asked(height=SIDE_PX, width=SIDE_PX))
    assert len(detector_of(path).detect([image()])[0]) == 2


def test_rf_detr_is_known_by_its_names_and_its_91_classes(tmp_path: Path) -> None:
    found = detr_outputs(classes=91, person=1)
    path = constant_outputs(tmp_path / "net.onnx", IMAGE, {"dets": found["pred_boxes"], "labels": found["logits"]})
    card = adopted(path, "detr")
    assert card.detection is not None
    assert (card.detection.person, card.pixels.mean) == (1, (0.485, 0.456, 0.406))
    assert len(detector_of(path).detect([image()])[0]) == 2


@pytest.mark.parametrize(
    ("family", "outputs", "message"),
    [
        ("yolov8", {"o": yolov8_output()[:, :, :80]}, r"yields \(N, 4 \+ classes, cells\), .* 189 or 193 or 765 cells"),
        ("yolov8", {"o": yolov8_output() * 2}, "expected scores between 0 and 1"),
        ("yolov8", {"o": yolov8_output() / SIDE_PX}, "expected boxes as centre and size in pixels, found up to"),
        ("end2end", {"o": end2end_output()[..., :5]}, r"yields \(N, rows, 6\), found \(1, 10, 5\)"),
        ("end2end", {"o": end2end_output() / 100}, "expected whole numbers as classes"),
        ("end2end", detr_rows(), "expected boxes"),
        ("ssd", {"o": ssd_output() * 2}, "expected confidences between 0 and 1"),
        ("ssd", {"o": ssd_output() * np.array([1, 1, 1, 64, 64, 64, 64], np.float32)}, "expected boxes as shares"),
        ("detr", changed(detr_outputs(), logits=np.full((1, 10, 80), 0.5, np.float32)), "expected logits, found"),
        ("detr", changed(detr_outputs(), pred_boxes=np.full((1, 10, 4), 30, np.float32)), "expected boxes as shares"),
        ("detr", {"o": yolov8_output()[..., 0]}, "yields boxes .* and logits"),
        ("nanodet", {"o": yolov8_output()[:, :80]}, "yields scores and 32 columns of distances"),
        ("nanodet", joined({name: each * 4 for name, each in nanodet_outputs().items()}), "expected scores between"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_no_card_is_left(
    tmp_path: Path, family: str, outputs: Outputs, message: str
) -> None:
    path = constant_outputs(tmp_path / "net.onnx", IMAGE, outputs)
    with pytest.raises(ArtefactError, match=message):
        adopted(path, family, Asked(person="0"))
    assert not card_path(path).exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_network_that_yields_no_numbers_is_refused(tmp_path: Path, form: str) -> None:
    family, outputs = FORMS[form]
    spoilt = {name: values * np.nan if values.dtype.kind == "f" else values for name, values in outputs().items()}
    path = constant_outputs(tmp_path / "net.onnx", IMAGE, spoilt, sizes=form == "detr settled")
    with pytest.raises(ArtefactError, match=r"net\.onnx yields NaN or infinity .* the file is damaged"):
        adopted(path, family)


@pytest.mark.parametrize("spoils", ["scores", "boxes"])
@pytest.mark.parametrize("form", ["yolov8", "end2end", "ssd"])
def test_no_number_for_somebody_ends_the_run_with_a_line(tmp_path: Path, form: str, spoils: str) -> None:
    path, family = network(tmp_path / "net.onnx", form)
    adopted(path, family)
    column = {"yolov8": (4, 0), "end2end": (4, 0), "ssd": (2, 3)}[form][spoils == "boxes"]
    detector = detector_of(path)
    session = detector._session  # noqa: SLF001 - no file changes what it yields after it was adopted
    network_run = session.run

    def spoilt(inputs: Any) -> Any:
        (name,) = (outputs := network_run(inputs))
        output = outputs[name].copy()
        (output[0] if form == "yolov8" else output.reshape(10, -1).T)[column, 0] = np.nan
        return {name: output}

    session.run = spoilt  # type: ignore[method-assign]
    with pytest.raises(ArtefactError, match=r"tiny yields boxes or scores of NaN or infinity: .*half precision"):
        detector.detect([image()])


@pytest.mark.shared
def test_nanodet_finds_the_people_of_pets(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "nanodet.onnx"
    path.write_bytes((shared / "data/weights/detectors/nanodet_m_416.onnx").read_bytes())
    adopted(path, "nanodet")
    precision, recall = precision_and_recall(detector_of(path, NetworkParams(score=0.35)), shared)
    assert precision > 0.8
    assert recall > 0.84
