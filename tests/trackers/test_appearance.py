import math

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections
from trackers.appearance import BANDS, differences, measure_appearance, no_appearance
from trackers.bytetrack import ByteTrack, ByteTrackParams

RED, BLUE, GREY = (190, 40, 40), (40, 50, 180), (128, 128, 128)
Image = NDArray[np.uint8]
Colour = tuple[int, int, int]


def box(x: float, y: float = 40.0) -> list[float]:
    return [x, y, x + 60, y + 160]


def image_of(*people: tuple[float, Colour]) -> Image:
    """People as blocks of colour, at these x."""
    image = np.full((240, 480, 3), GREY, np.uint8)
    for x, colour in people:
        image[40:200, int(x) : int(x) + 60] = colour
    return image


def detections(*xs: float) -> Detections:
    return Detections(np.array([box(x) for x in xs], np.float32).reshape(-1, 4), np.full(len(xs), 0.9, np.float32))


def look(image: Image, *xs: float) -> NDArray[np.float32]:
    return measure_appearance(image, detections(*xs).boxes)


def test_one_colour_is_near_itself_and_far_from_another() -> None:
    image = image_of((20, RED), (120, BLUE), (220, RED))
    red, blue, again = look(image, 20, 120, 220)[:, None]
    assert differences(red, again)[0] < 1
    assert differences(red, blue)[0] > 150


def test_brightness_counts_less_than_colour() -> None:
    dark, bright = (60, 60, 60), (100, 100, 100)
    image = image_of((20, dark), (120, bright))
    assert differences(*look(image, 20, 120)[:, None])[0] == pytest.approx(20, abs=1)


def test_a_table_before_the_legs_changes_little() -> None:
    free, hidden = image_of((20, RED)), image_of((20, RED))
    hidden[150:200, :] = (200, 160, 90)
    assert differences(look(free, 20), look(hidden, 20))[0] < 5


def test_boxes_beyond_the_image_and_tiny_ones_have_a_look() -> None:
    boxes = np.array([[-80, -30, 20, 90], [470, 200, 560, 400], [5, 5, 6, 7], [900, 900, 950, 990]], np.float32)
    found = measure_appearance(image_of((0, RED)), boxes)
    assert found.shape == (4, BANDS * 3)
    assert np.isfinite(found).all()
    assert measure_appearance(image_of(), no_appearance()[:, :4]).shape == (0, BANDS * 3)


def followed(most_different: float) -> list[list[int]]:
    """Ids in four frames; the red one stands still, and in the third a blue one stands there instead."""
    tracker = ByteTrack(ByteTrackParams(most_different=most_different, confirm_after_s=0.0))
    colours = (RED, RED, BLUE, BLUE)
    return [
        tracker.update(detections(100), number / 10, image_of((100, colour))).ids.tolist()
        for number, colour in enumerate(colours)
    ]


def test_somebody_of_other_colours_is_somebody_else() -> None:
    assert followed(math.inf) == [[1], [1], [1], [1]]
    assert followed(25.0) == [[1], [1], [2], [2]]


def test_colours_follow_a_light_that_changes_slowly() -> None:
    tracker = ByteTrack(ByteTrackParams(most_different=25.0, confirm_after_s=0.0))
    ids = [
        tracker.update(detections(100), step / 10, image_of((100, (190 - 2 * step, 40, 40 + 2 * step)))).ids.tolist()
        for step in range(60)
    ]
    assert ids == [[1]] * 60


def test_the_rows_stay_in_line_when_tracks_come_and_go() -> None:
    tracker = ByteTrack(ByteTrackParams(most_different=25.0, confirm_after_s=0.0, lost_after_s=0.3))
    image = image_of((20, RED), (120, BLUE), (220, RED))
    first = tracker.update(detections(20, 120, 220), 0.0, image).ids.tolist()
    for step in range(1, 8):
        tracker.update(detections(120, 220), step / 10, image)
    later = tracker.update(detections(120, 220, 20), 0.9, image)
    assert first == [1, 2, 3]
    assert sorted(later.ids.tolist()) == [2, 3, 4]


def test_a_tracker_that_looks_needs_an_image() -> None:
    with pytest.raises(ValueError, match="expected an image, found none"):
        ByteTrack(ByteTrackParams(most_different=25.0)).update(detections(100), 0.0)


@pytest.mark.parametrize("senseless", [0.0, -1.0, math.nan])
def test_a_difference_that_nobody_keeps_within_is_refused(senseless: float) -> None:
    with pytest.raises(ValueError, match="expected most_different above 0"):
        ByteTrackParams(most_different=senseless)
