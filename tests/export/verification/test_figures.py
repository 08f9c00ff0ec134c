import dataclasses

import numpy as np
import pytest

from detectors.detections import Detections
from export.verification.boxes import compare_boxes
from export.verification.figures import LIMITS, PeopleFigures, Scores

GOOD = PeopleFigures(
    clips=10,
    least_cosine=0.9995,
    mean_cosine=0.9999,
    largest_difference=1e-3,
    before=Scores(10, 0.9, 0.80),
    after=Scores(10, 0.9, 0.7995),
)


def test_what_is_near_enough_has_no_faults() -> None:
    assert GOOD.faults(LIMITS["fp16"]) == ()
    assert GOOD.lost_points == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"least_cosine": 0.998}, "least cosine 0.99800, expected 0.999 or more"),
        ({"least_cosine": float("nan")}, "least cosine nan"),
        ({"after": Scores(10, 0.9, 0.798)}, "mAP 0.20 points less, expected 0.1 at most"),
    ],
)
def test_what_is_not_is_named(changes: dict[str, float | Scores], expected: str) -> None:
    (fault,) = dataclasses.replace(GOOD, **changes).faults(LIMITS["fp16"])  # type: ignore[arg-type]
    assert fault.startswith(expected)


def test_more_may_be_lost_in_8_bits() -> None:
    worse = dataclasses.replace(GOOD, least_cosine=0.991, after=Scores(10, 0.9, 0.796))
    assert worse.faults(LIMITS["int8"]) == ()
    assert len(worse.faults(LIMITS["fp16"])) == 2


def people(*boxes: tuple[float, float, float, float]) -> Detections:
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.5, np.float32))


def test_boxes_are_found_again_one_to_one() -> None:
    one, other = (0.0, 0.0, 10.0, 20.0), (30.0, 0.0, 40.0, 20.0)
    same = compare_boxes([people(one, other)], [people(other, one)])
    assert (same.found_again, same.confirmed, same.overlap) == (1.0, 1.0, 1.0)
    lost = compare_boxes([people(one, other)], [people(one)])
    assert (lost.found_again, lost.confirmed) == (0.5, 1.0)
    made_up = compare_boxes([people(one)], [people(one, (0.0, 1.0, 10.0, 20.0))])
    assert (made_up.found_again, made_up.confirmed) == (1.0, 0.5)
    assert made_up.faults(LIMITS["int8"])
    moved = compare_boxes([people(one)], [people((0.0, 5.0, 10.0, 20.0))])
    assert moved.overlap == pytest.approx(0.75)
    assert moved.faults(LIMITS["int8"])


def test_where_nobody_is_seen_by_either_nothing_is_lost() -> None:
    assert not compare_boxes([people()], [people()]).faults(LIMITS["fp16"])
