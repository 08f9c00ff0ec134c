import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.batching import BatchingDetector, DetectedBatch, DetectObserver
from detectors.detections import Detections
from testing.waiting import WITHIN_S, until

Images = Sequence[NDArray[np.uint8]]


class CornerDetector:
    """Finds one person per image, as wide as the value of its first pixel."""

    def detect(self, images: Images) -> list[Detections]:
        return [
            Detections(np.array([[0, 0, image[0, 0, 0], 1]], np.float32), np.ones(1, np.float32)) for image in images
        ]


class GatedDetector(CornerDetector):
    """Waits in every call until the gate is open, and tells when it came there."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()

    def detect(self, images: Images) -> list[Detections]:
        self.entered.release()
        assert self.gate.wait(WITHIN_S)
        return super().detect(images)


class FailingDetector:
    def detect(self, images: Images) -> list[Detections]:
        raise OSError("the GPU is gone")


class ForgetfulDetector:
    def detect(self, images: Images) -> list[Detections]:
        return []


def image(value: int) -> NDArray[np.uint8]:
    return np.full((2, 2, 3), value, np.uint8)


def width(found: Detections) -> int:
    return int(found.boxes[0, 2])


def keep(sizes: list[int]) -> DetectObserver:
    """Keeps how many images each batch has."""
    return lambda batch: sizes.append(batch.images)


def test_each_of_many_threads_gets_its_own_people() -> None:
    def ask(camera: int) -> bool:
        values = [(camera * 31 + k) % 250 for k in range(1 + camera % 3)]
        return all([width(d) for d in detector.detect([image(v) for v in values])] == values for _ in range(20))

    sizes: list[int] = []
    with (
        BatchingDetector(CornerDetector(), max_batch=8, observers=[keep(sizes)]) as detector,
        ThreadPoolExecutor(32) as pool,
    ):
        assert all(pool.map(ask, range(32)))
    assert max(sizes) <= 8
    assert sum(sizes) == sum(20 * (1 + camera % 3) for camera in range(32))


def test_what_gathers_during_a_call_makes_the_next_batch() -> None:
    inner, sizes = GatedDetector(), list[int]()
    with (
        BatchingDetector(inner, max_batch=16, observers=[keep(sizes)]) as detector,
        ThreadPoolExecutor(6) as pool,
    ):
        first = pool.submit(detector.detect, [image(1)])
        assert inner.entered.acquire(timeout=WITHIN_S)
        others = [pool.submit(detector.detect, [image(v)]) for v in range(2, 7)]
        until(lambda: detector.waiting() == 5, "they wait")
        inner.gate.set()
        assert [width(f.result(WITHIN_S)[0]) for f in [first, *others]] == [1, 2, 3, 4, 5, 6]
    assert sizes == [1, 5]


def test_a_request_waits_for_company_as_long_as_it_may() -> None:
    sizes: list[int] = []
    with (
        BatchingDetector(CornerDetector(), max_batch=2, wait_s=30, observers=[keep(sizes)]) as detector,
        ThreadPoolExecutor(2) as pool,
    ):
        assert [width(d[0]) for d in pool.map(detector.detect, [[image(1)], [image(2)]])] == [1, 2]
    assert sizes == [2]


def test_nobody_waits_for_company_when_all_who_ask_are_there() -> None:
    sizes: list[int] = []
    with (
        BatchingDetector(CornerDetector(), max_batch=9, wait_s=30, callers=2, observers=[keep(sizes)]) as detector,
        ThreadPoolExecutor(2) as pool,
    ):
        assert [width(d[0]) for d in pool.map(detector.detect, [[image(1)], [image(2)]])] == [1, 2]
    assert sizes == [2]


def test_a_request_larger_than_a_batch_goes_alone() -> None:
    sizes: list[int] = []
    with BatchingDetector(CornerDetector(), max_batch=2, observers=[keep(sizes)]) as detector:
        assert [width(d) for d in detector.detect([image(v) for v in range(5)])] == [0, 1, 2, 3, 4]
        assert detector.detect([]) == []
    assert sizes == [5]


def test_an_error_reaches_every_caller_and_the_next_call_works_on() -> None:
    with BatchingDetector(FailingDetector(), max_batch=8) as detector, ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(detector.detect, [image(1)]) for _ in range(24)]:
            with pytest.raises(OSError, match="the GPU is gone"):
                future.result(WITHIN_S)


def test_an_error_of_an_observer_reaches_the_caller() -> None:
    def refuse(batch: DetectedBatch) -> None:
        raise KeyError(batch)

    with BatchingDetector(CornerDetector(), max_batch=8, observers=[refuse]) as detector, pytest.raises(KeyError):
        detector.detect([image(1)])


def test_a_detector_that_forgets_an_image_is_an_error() -> None:
    with (
        BatchingDetector(ForgetfulDetector(), max_batch=8) as detector,
        pytest.raises(ValueError, match="expected 1 results from the detector, found 0"),
    ):
        detector.detect([image(1)])


def test_closing_answers_what_waits_and_refuses_what_comes() -> None:
    inner = GatedDetector()
    detector = BatchingDetector(inner, max_batch=1)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(detector.detect, [image(v)]) for v in range(3)]
        assert inner.entered.acquire(timeout=WITHIN_S)
        until(lambda: detector.waiting() == 2, "they wait")
        closing = pool.submit(detector.close)
        inner.gate.set()
        closing.result(WITHIN_S)
        assert sorted(width(f.result(WITHIN_S)[0]) for f in asked) == [0, 1, 2]
    detector.close()
    with pytest.raises(RuntimeError, match="found it closed"):
        detector.detect([image(1)])


@pytest.mark.parametrize(("max_batch", "wait_s"), [(0, 0.0), (1, -1.0)])
def test_bounds_that_make_no_sense_are_refused(max_batch: int, wait_s: float) -> None:
    with pytest.raises(ValueError, match="expected max_batch of at least 1"):
        BatchingDetector(CornerDetector(), max_batch=max_batch, wait_s=wait_s)
