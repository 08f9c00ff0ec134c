from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.network_detector import NetworkDetector
from detectors.network_params import NetworkParams
from detectors.yolox import YOLOX
from reid_runtime.adopt import adopt
from reid_runtime.card import ArtefactError, DetectionSpec
from reid_runtime.load import load_session
from testing.detectors.pets import precision_and_recall
from testing.detectors.yolox import SIDE_PX, yolox_card, yolox_session
from testing.networks import MemorySession, card

LEFT = (8.0, 8.0, 20.0, 40.0, 0.9)
RIGHT = (40.0, 10.0, 50.0, 42.0, 0.6)


def image(height: int = SIDE_PX, width: int = SIDE_PX) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 200, np.uint8)


def test_people_are_found_where_the_network_sees_them() -> None:
    (found,) = NetworkDetector(yolox_session(LEFT, RIGHT)).detect([image()])
    np.testing.assert_allclose(found.boxes, [LEFT[:4], RIGHT[:4]], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [0.9, 0.6])


def test_boxes_are_in_pixels_of_each_image_and_cut_to_it() -> None:
    detector = NetworkDetector(yolox_session(LEFT))
    large, flat = detector.detect([image(2 * SIDE_PX, 2 * SIDE_PX), image(SIDE_PX // 2, SIDE_PX)])
    np.testing.assert_allclose(large.boxes, [[16, 16, 40, 80]], rtol=1e-5)
    np.testing.assert_allclose(flat.boxes, [[8, 8, 20, 32]], rtol=1e-5)


def test_weak_ones_and_doubles_are_dropped() -> None:
    weak, double = (40.0, 10.0, 50.0, 42.0, 0.2), (9.0, 17.0, 21.0, 49.0, 0.5)
    params = NetworkParams(score=0.3, nms_iou=0.4)
    (found,) = NetworkDetector(yolox_session(LEFT, weak, double), params).detect([image()])
    np.testing.assert_allclose(found.scores, [0.9])


def test_an_image_without_people_has_no_rows() -> None:
    black = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    nobody, somebody = NetworkDetector(yolox_session(LEFT)).detect([black, image()])
    assert (len(nobody), len(somebody)) == (0, 1)
    assert NetworkDetector(yolox_session(LEFT)).detect([]) == []


def test_a_network_that_sees_people_everywhere_stays_within_bounds() -> None:
    everywhere = MemorySession(
        card((None, 3, 1024, 1024), family="yolox", detection=DetectionSpec(1024, 1024, "top-left", 0)),
        lambda images: np.ones((len(images), 21504, 6), np.float32),
    )
    (found,) = NetworkDetector(everywhere, NetworkParams(max_detections=50)).detect([image()])
    assert len(found) == 50


@pytest.mark.parametrize(("batch", "batches"), [(1, [1, 1, 1]), (None, [2, 1])])
def test_images_go_in_the_batches_that_the_network_takes(batch: int | None, batches: list[int]) -> None:
    session = yolox_session(LEFT, batch=batch)
    assert len(NetworkDetector(session, NetworkParams(max_batch=2)).detect([image()] * 3)) == 3
    assert session.batches == batches


def test_the_network_gets_blue_first_and_grey_beside_the_image() -> None:
    seen: list[NDArray[np.float32]] = []

    def network(images: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(images)
        return np.zeros((1, 84, 6), np.float32)

    red = np.zeros((32, 64, 3), np.uint8)
    red[..., 0] = 255
    NetworkDetector(MemorySession(yolox_card(1), network)).detect([red])
    np.testing.assert_array_equal(seen[0][0, :, 0, 0], [0, 0, 255])
    assert (seen[0][0, :, 32:] == 114).all()


def test_a_network_of_another_family_is_refused() -> None:
    other = MemorySession(card((None, 3, 64, 64), family="osnet"), lambda images: images)
    with pytest.raises(ArtefactError, match=r"expected one of the families yolox, .*, found osnet"):
        NetworkDetector(other)


@pytest.mark.shared
def test_yolox_nano_finds_the_people_of_pets(shared: Path, tmp_path: Path) -> None:
    """Measured elsewhere on all 269 frames: precision .745, recall .889."""
    path = tmp_path / "yolox.onnx"
    path.write_bytes((shared / "data/weights/detectors/yolox_nano_416x416.onnx").read_bytes())
    adopt(path, YOLOX, name="yolox-nano", licence="Apache-2.0", origin="shared data")
    detector = NetworkDetector(load_session(path, provider="cpu", threads=1), NetworkParams(score=0.25))
    precision, recall = precision_and_recall(detector, shared)
    assert precision > 0.74
    assert recall > 0.88
