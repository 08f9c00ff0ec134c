"""What every detector promises, over every detector that needs no extra."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.batching import BatchingDetector
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.hog import HogDetector, HogParams
from detectors.network_detector import NetworkDetector
from detectors.yolox import YOLOX
from reid_runtime.adopt import adopt
from reid_runtime.family import Asked
from reid_runtime.load import load_session
from testing.detectors.foreign import SIDE_PX as FOREIGN_PX
from testing.detectors.foreign import (
    adopted,
    detector_of,
    detr_outputs,
    end2end_output,
    nanodet_outputs,
    ssd_output,
    yolov8_output,
)
from testing.detectors.yolox import SIDE_PX, yolox_rows, yolox_session
from testing.networks import constant_network, constant_outputs
from testing.opencv import on_one_thread

FOREIGN: dict[str, Callable[[], dict[str, NDArray[Any]]]] = {
    "yolov8": lambda: {"output0": yolov8_output()},
    "end2end": lambda: {"output0": end2end_output()},
    "ssd": lambda: {"detection_out": ssd_output()},
    "detr": detr_outputs,
    "nanodet": nanodet_outputs,
}
LEFT, RIGHT = (8.0, 8.0, 20.0, 40.0, 0.9), (40.0, 10.0, 50.0, 42.0, 0.6)


@pytest.fixture(params=["yolox", "yolox-onnx", "yolov8", "end2end", "ssd", "detr", "nanodet", "hog", "batching"])
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Detector]:
    match request.param:
        case "yolox":
            yield NetworkDetector(yolox_session(LEFT, RIGHT))
        case "yolox-onnx":
            rows = yolox_rows(LEFT, RIGHT)[None]
            path = constant_network(tmp_path / "tiny.onnx", [1, 3, SIDE_PX, SIDE_PX], rows)
            adopt(path, YOLOX, name="tiny", licence="CC0-1.0", origin="made in a test", asked=Asked(person="0"))
            yield NetworkDetector(load_session(path, provider="cpu", threads=1))
        case "yolov8" | "end2end" | "ssd" | "detr" | "nanodet":
            path = constant_outputs(tmp_path / "tiny.onnx", [1, 3, FOREIGN_PX, FOREIGN_PX], FOREIGN[request.param]())
            adopted(path, request.param)
            yield detector_of(path)
        case "hog":
            # So low that noise is full of people.
            with on_one_thread():
                yield HogDetector(HogParams(score=0.02, min_height_px=96, nms_iou=0.9))
        case _:
            with BatchingDetector(NetworkDetector(yolox_session(LEFT, RIGHT)), max_batch=4) as batching:
                yield batching


def images() -> list[NDArray[np.uint8]]:
    """Of different sizes."""
    random = np.random.default_rng(0)
    return [random.integers(1, 256, (h, w, 3), dtype=np.uint8) for h, w in [(140, 200), (256, 256), (180, 131)]]


def same(found: Detections, expected: Detections) -> bool:
    return np.array_equal(found.boxes, expected.boxes) and np.array_equal(found.scores, expected.scores)


def test_every_image_has_its_people_in_order(detector: Detector) -> None:
    together = detector.detect(images())
    assert len(together) == 3
    assert any(len(found) for found in together)
    for image, found in zip(images(), together, strict=True):
        (alone,) = detector.detect([image])
        assert same(alone, found)


def test_boxes_lie_in_their_image_and_scores_between_0_and_1(detector: Detector) -> None:
    for image, found in zip(images(), detector.detect(images()), strict=True):
        height, width = image.shape[:2]
        assert (found.boxes >= 0).all()
        assert (found.boxes <= [width, height, width, height]).all()
        assert (found.boxes[:, :2] < found.boxes[:, 2:]).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()


def test_no_image_has_no_people(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_threads_get_what_one_thread_gets(detector: Detector) -> None:
    expected = detector.detect(images())
    with ThreadPoolExecutor(6) as pool:
        for found in pool.map(detector.detect, [images()] * 12):
            assert all(map(same, found, expected))


def test_images_are_left_as_they_were(detector: Detector) -> None:
    given = images()
    detector.detect(given)
    assert all(map(np.array_equal, given, images()))
