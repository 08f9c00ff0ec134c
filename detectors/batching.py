"""Joins the requests of many camera threads into one call of a detector."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from detectors.detector import Detector

Images = Sequence[NDArray[np.uint8]]


@dataclass(slots=True, eq=False)
class _Request:
    """One caller's images, and what came of them. `done` is set last, after `found` or `error`."""

    images: Images
    found: list[Detections] | None = None
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class DetectedBatch:
    """So many images go through the detector together."""

    images: int


DetectObserver = Callable[[DetectedBatch], None]


class BatchingDetector:
    """A detector that is asked by many threads and asks another by one thread of its own.

    A call takes all that waits, oldest first, up to `max_batch` images; while it runs, the next requests gather. So
    batches form by themselves under load, and a lone camera waits for `wait_s` at most. For detectors that run on one
    device; on a processor threads that share the detector itself use more cores.
    """

    def __init__(
        self,
        detector: Detector,
        *,
        max_batch: int,
        wait_s: float = 0.0,
        callers: int | None = None,
        observers: Sequence[DetectObserver] = (),
    ) -> None:
        """Starts the thread.

        Args:
            detector: asked by this object's thread alone.
            max_batch: images in one call of it; a single request with more goes alone, in one call.
            wait_s: how long the oldest request waits for company when the batch is not full.
            callers: threads that ask; when all of them wait, there is no more company to wait for.
            observers: are told of every batch, in this object's thread.
        """
        if max_batch < 1 or wait_s < 0:
            raise ValueError(
                f"expected max_batch of at least 1 and wait_s of at least 0, found {max_batch} and {wait_s}"
            )
        self._detector = detector
        self._max_batch = max_batch
        self._wait_s = wait_s
        self._callers = callers
        self._observers = observers
        self._changed = threading.Condition()
        self._waiting: list[_Request] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="detector", daemon=True)
        self._thread.start()

    def detect(self, images: Images) -> list[Detections]:
        """See `Detector.detect`. Blocks until the batch with these images is through.

        Raises:
            RuntimeError: if the detector is closed.
            Exception: what the detector raised; every request of the batch gets it.
        """
        if not images:
            return []
        request = _Request(images)
        with self._changed:
            if self._is_closed:
                raise RuntimeError("expected an open detector, found it closed")
            self._waiting.append(request)
            self._changed.notify_all()
        request.done.wait()
        if request.error is not None:
            raise request.error
        assert request.found is not None
        return request.found

    def waiting(self) -> int:
        """Images that no call has taken yet; a measure of how far the detector is behind."""
        with self._changed:
            return self._size()

    def close(self) -> None:
        """Answers what waits, and ends the thread. May be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self) -> None:
        while batch := self._next_batch():
            self._answer(batch)

    def _next_batch(self) -> list[_Request]:
        """Waits for requests; empty when closed and all are answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            deadline_s = time.monotonic() + self._wait_s
            while self._has_room() and not self._is_closed:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            return self._take()

    def _has_room(self) -> bool:
        return self._size() < self._max_batch and (self._callers is None or len(self._waiting) < self._callers)

    def _take(self) -> list[_Request]:
        """The oldest requests that fit into one batch, at least one if any waits."""
        size, count = 0, 0
        for request in self._waiting:
            if count and size + len(request.images) > self._max_batch:
                break
            size, count = size + len(request.images), count + 1
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        return batch

    def _size(self) -> int:
        return sum(len(request.images) for request in self._waiting)

    def _answer(self, batch: list[_Request]) -> None:
        try:
            images = [image for request in batch for image in request.images]
            for observer in self._observers:
                observer(DetectedBatch(len(images)))
            found = self._detector.detect(images)
            if len(found) != len(images):
                raise ValueError(f"expected {len(images)} results from the detector, found {len(found)}")
            _share(found, batch)
        except BaseException as error:  # noqa: BLE001  every caller gets it and decides; none may wait for ever
            for request in batch:
                request.error = error
        finally:
            for request in batch:
                request.done.set()


def _share(found: list[Detections], batch: list[_Request]) -> None:
    start = 0
    for request in batch:
        request.found = found[start : start + len(request.images)]
        start += len(request.images)
