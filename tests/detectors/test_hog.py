from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.hog import HogDetector, HogParams
from testing.detectors.pets import every_tenth_frame, matches, people_in
from testing.opencv import on_one_thread


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with on_one_thread():
        yield


def test_a_detector_leaves_the_threads_of_opencv_to_the_process() -> None:
    cv2.setNumThreads(2)
    HogDetector().detect([np.zeros((200, 200, 3), np.uint8)])
    assert cv2.getNumThreads() == 2


def test_an_image_smaller_than_a_window_holds_nobody() -> None:
    (found,) = HogDetector().detect([np.zeros((40, 30, 3), np.uint8)])
    assert len(found) == 0


def test_a_grey_wall_holds_nobody() -> None:
    (found,) = HogDetector().detect([np.full((240, 320, 3), 128, np.uint8)])
    assert len(found) == 0


@pytest.mark.shared
def test_people_of_pets_are_found_by_threads_at_the_same_time(shared: Path) -> None:
    folder = shared / "data/multicam/pets2009_s2l1"
    truth = np.loadtxt(folder / "gt/gt_view001_frames1-269.txt", delimiter=",")
    rows, _ = people_in(truth, 0)
    (_, image), *_ = every_tenth_frame(folder / "View_001.mp4", 1)
    detector = HogDetector()
    with ThreadPoolExecutor(2) as pool:
        found = [people for (people,) in pool.map(detector.detect, [[image]] * 4)]
    assert matches(found[0], rows) >= len(rows) - 1
    for people in found:
        np.testing.assert_array_equal(people.boxes, found[0].boxes)
        assert ((people.scores >= HogParams().score) & (people.scores <= 1)).all()
