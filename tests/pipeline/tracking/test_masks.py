import numpy as np
import pytest

from detectors.detections import Detections
from pipeline.records import Frame
from pipeline.sources.errors import SourceError
from pipeline.tracking.masks import MaskFilter, Masks

FRAME = Frame("door", 0, 0.0, "container", np.zeros((240, 320, 3), np.uint8))
CHAIR = ((100, 100), (160, 100), (160, 200), (100, 200))
FLOOR = ((0, 120), (200, 120), (200, 240), (0, 240))


def kept(masks: Masks, *boxes: tuple[float, ...]) -> list[bool]:
    scores = np.linspace(0.1, 0.9, len(boxes), dtype=np.float32)
    found = MaskFilter(masks).keep(Detections(np.array(boxes, np.float32).reshape(-1, 4), scores), FRAME)
    return [bool(score in found.scores) for score in scores]


def test_a_thing_in_a_mask_is_nobody_and_who_walks_by_it_is_somebody() -> None:
    bag, walker, elsewhere = (110, 110, 150, 190), (110, 60, 160, 230), (10, 20, 50, 120)
    assert kept(Masks(ignore=(CHAIR,)), bag, walker, elsewhere) == [False, True, True]


def test_people_stand_where_they_may() -> None:
    on_the_floor, in_a_poster, half_outside = (10, 60, 50, 180), (10, 10, 50, 100), (180, 60, 240, 200)
    assert kept(Masks(only=(FLOOR,)), on_the_floor, in_a_poster, half_outside) == [True, False, False]


def test_whoever_is_cut_by_the_lower_edge_stands_on_the_floor() -> None:
    assert kept(Masks(only=(FLOOR,)), (10, 100, 60, 260)) == [True]


def test_a_thing_on_the_floor_is_nobody() -> None:
    assert kept(Masks(ignore=(CHAIR,), only=(FLOOR,)), (110, 110, 150, 190)) == [False]


def test_without_masks_all_are_kept_and_of_nobody_nobody_is() -> None:
    assert kept(Masks(), (10, 10, 50, 100)) == [True]
    assert kept(Masks(ignore=(CHAIR,))) == []


def test_a_corner_outside_the_image_is_told() -> None:
    with pytest.raises(SourceError, match=r"camera door: expected masks within its image of 320x240, .* \[400, 10\]"):
        kept(Masks(ignore=(((10, 10), (400, 10), (10, 90)),)), (10, 10, 50, 100))
