import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.records import GOOD_QUALITY
from pipeline.tracking.gate import GateParams, Judged, gate, hidden_share, judge_sharpness, sharpness

PERSON = (100.0, 100.0, 160.0, 260.0)
SIZE = 400, 600


def judge(*boxes: tuple[float, ...], score: float = 0.9) -> list[Judged]:
    return gate(np.array(boxes, np.float32), np.full(len(boxes), score, np.float32), SIZE, GateParams())


def clothes(height: int = 160, width: int = 80) -> NDArray[np.uint8]:
    """Somebody in a patterned shirt before a wall."""
    image = np.full((height, width), 90, np.uint8)
    image[height // 5 :, width // 4 : -width // 4] = 40
    for row in range(height // 4, height // 2, height // 8):
        image[row : row + height // 16, width // 4 : -width // 4] = 200
    return np.repeat(image[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("box", "score", "fault"),
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
def test_what_speaks_against_a_box_makes_it_poor_and_does_not_refuse_it(
    box: tuple[float, ...], score: float, fault: str | None
) -> None:
    (judged,) = judge(box, score=score)
    assert judged.fault == fault
    assert not judged.is_refused
    assert (judged.quality >= GOOD_QUALITY) == (fault is None)
    assert judged.quality > 0


@pytest.mark.parametrize(
    "box",
    [
        (100, 100, 110, 122),
        (0, 100, 30, 260),
        (570, 100, 600, 260),
        (100, 0, 160, 60),
    ],
    ids=["a few pixels", "half left of the image", "half right of it", "legs alone"],
)
def test_what_carries_nothing_is_refused(box: tuple[float, ...]) -> None:
    (judged,) = judge(box)
    assert judged.is_refused
    assert judged.fault is not None


def test_whoever_stands_behind_is_hidden_and_whoever_stands_in_front_is_not() -> None:
    behind, in_front = judge(PERSON, (120, 110, 180, 270))
    assert hidden_share(np.array([PERSON, (120, 110, 180, 270)], np.float32)) == pytest.approx([0.625, 0.0])
    assert (behind.fault, behind.is_refused, in_front.fault) == ("overlap", False, None)


def test_who_is_mostly_somebody_else_is_refused() -> None:
    behind, _ = judge(PERSON, (105, 105, 165, 265))
    assert behind.is_refused


def test_quality_rises_with_confidence_and_height() -> None:
    boxes = np.array([PERSON, (300, 100, 330, 180), (450, 100, 510, 260)], np.float32)
    near, far, unsure = gate(boxes, np.array([0.9, 0.9, 0.6], np.float32), SIZE, GateParams())
    assert near.quality > unsure.quality > far.quality > GOOD_QUALITY


def test_a_box_with_more_against_it_is_worse() -> None:
    small, smaller, small_at_edge = judge((100, 100, 118, 140), (200, 100, 214, 130), (0, 100, 18, 140))
    assert small.quality > smaller.quality
    assert small.quality > small_at_edge.quality


def test_the_worst_crop_that_is_good_is_better_than_the_best_that_is_not() -> None:
    good = gate(np.array([(100, 100, 120, 149)], np.float32), np.array([0.51], np.float32), SIZE, GateParams())[0]
    poor = gate(np.array([(100, 100, 200, 399)], np.float32), np.array([0.49], np.float32), SIZE, GateParams())[0]
    assert poor.quality < GOOD_QUALITY <= judge_sharpness(good, 0.2, GateParams()).quality


def test_blur_is_told_from_the_pixels() -> None:
    (judged,) = judge(PERSON)
    person = clothes()
    blurred = cv2.GaussianBlur(person, (0, 0), 8).astype(np.uint8)
    sharp, soft = (judge_sharpness(judged, sharpness(image), GateParams()) for image in (person, blurred))
    assert (sharp.fault, soft.fault) == (None, "blur")
    assert judged.quality >= sharp.quality > soft.quality > 0


@pytest.mark.parametrize(
    ("change", "within"),
    [
        (lambda image: (image * 0.2).astype(np.uint8), 0.1),
        (lambda image: (image * 0.3 + 90).astype(np.uint8), 0.1),
        (lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 0.1),
        (lambda image: cv2.resize(image, None, fx=2, fy=2), 0.15),
        (
            lambda image: np.clip(image + np.random.default_rng(0).normal(0, 8, image.shape), 0, 255).astype(np.uint8),
            0.1,
        ),
    ],
    ids=["darker", "flatter", "half the size", "twice the size", "noisier"],
)
def test_a_person_is_as_sharp_in_any_light_at_any_size_and_with_noise(change: object, within: float) -> None:
    assert callable(change)
    assert sharpness(change(clothes())) == pytest.approx(sharpness(clothes()), rel=within)


def test_a_blank_wall_has_no_sharpness() -> None:
    assert sharpness(np.full((64, 32, 3), 90, np.uint8)) == 0.0


def test_no_boxes_are_nothing_to_judge() -> None:
    assert gate(np.empty((0, 4), np.float32), np.empty(0, np.float32), SIZE, GateParams()) == []
