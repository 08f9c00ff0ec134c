import numpy as np
import pytest

from pipeline.tracking.gate import GateParams, gate, hidden_share, sharpness

PERSON = (100.0, 100.0, 160.0, 260.0)
NOISE = np.random.default_rng(0).integers(0, 256, (200, 100, 3), np.uint8)


@pytest.mark.parametrize(
    ("box", "score", "reason"),
    [
        (PERSON, 0.9, None),
        (PERSON, 0.3, "confidence"),
        ((100, 100, 115, 140), 0.9, "size"),
        ((100, 100, 250, 220), 0.9, "aspect"),
        ((100, 100, 120, 260), 0.9, "aspect"),
        ((0, 100, 60, 260), 0.9, "edge"),
        ((540, 100, 600, 260), 0.9, "edge"),
        ((100, 0, 160, 160), 0.9, "edge"),
        ((100, 240, 160, 400), 0.9, None),
    ],
)
def test_the_gate_gives_the_first_reason(box: tuple[float, ...], score: float, reason: str | None) -> None:
    boxes = np.array([box], np.float32)
    assert gate(boxes, np.array([score], np.float32), (400, 600), GateParams())[1] == [reason]


def test_whoever_stands_behind_is_hidden_and_whoever_stands_in_front_is_not() -> None:
    boxes = np.array([PERSON, (120, 110, 180, 270)], np.float32)
    assert hidden_share(boxes) == pytest.approx([40 * 150 / (60 * 160), 0.0])
    assert gate(boxes, np.full(2, 0.9, np.float32), (400, 600), GateParams())[1] == ["overlap", None]


def test_quality_rises_with_confidence_and_height() -> None:
    boxes = np.array([PERSON, (300, 100, 330, 180), (450, 100, 510, 260)], np.float32)
    quality, _ = gate(boxes, np.array([0.9, 0.9, 0.6], np.float32), (400, 600), GateParams())
    assert quality[0] > quality[2] > quality[1]


def test_a_person_is_as_sharp_as_the_crop_is_and_not_as_a_larger_one_would_be() -> None:
    flat = np.full_like(NOISE, 90)
    assert sharpness(flat, 64, 32) == 0.0
    assert sharpness(NOISE, 400, 200) == sharpness(NOISE, 200, 100) > sharpness(NOISE, 20, 10) > 0.0


def test_no_boxes_have_no_quality_and_no_reasons() -> None:
    quality, reasons = gate(np.empty((0, 4), np.float32), np.empty(0, np.float32), (400, 600), GateParams())
    assert (quality.shape, reasons) == ((0,), [])
