import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections, no_detections
from pipeline.scheduling.cpu_slots import CpuShare, CpuSlots, SlottedDetector, SlottedEncoder, share_cpus
from reid_models.colour_stripes import ColourStripesEncoder
from testing.waiting import until

PATIENCE_S = 30.0


class Worker(threading.Thread):
    """Takes a slot at once, and holds it until told to give it back."""

    def __init__(self, slots: CpuSlots) -> None:
        super().__init__(daemon=True)
        self._slots = slots
        self._enough = threading.Event()
        self.works = threading.Event()
        self.start()

    def run(self) -> None:
        with self._slots.hold():
            self.works.set()
            assert self._enough.wait(PATIENCE_S)

    def end(self) -> None:
        self._enough.set()
        self.join(PATIENCE_S)
        assert not self.is_alive()


def queue(slots: CpuSlots, count: int) -> list[Worker]:
    """Workers in the order in which they ask."""
    return [ask(slots) for _ in range(count)]


def ask(slots: CpuSlots) -> Worker:
    """A worker that works or waits."""
    before = slots.waiting()
    worker = Worker(slots)
    until(lambda: worker.works.is_set() or slots.waiting() > before)
    return worker


def working(workers: list[Worker]) -> list[int]:
    return [i for i, worker in enumerate(workers) if worker.works.is_set() and worker.is_alive()]


def test_as_many_work_at_a_time_as_may_in_the_order_in_which_they_asked() -> None:
    busy = [0]
    workers = queue(CpuSlots(CpuShare(2, busy, 0)), 5)
    assert working(workers) == [0, 1]
    for first, then in [(1, [0, 2]), (0, [2, 3]), (2, [3, 4]), (4, [3]), (3, [])]:
        workers[first].end()
        for each in then:
            assert workers[each].works.wait(PATIENCE_S)
        assert working(workers) == then
        assert busy == [len(then)]


def test_nobody_who_asks_later_comes_first() -> None:
    slots = CpuSlots(CpuShare(1, [0], 0))
    workers = queue(slots, 3)
    workers[0].end()
    assert workers[1].works.wait(PATIENCE_S)
    late = queue(slots, 1)
    workers[1].end()
    assert workers[2].works.wait(PATIENCE_S)
    assert not late[0].works.is_set()
    workers[2].end()
    assert late[0].works.wait(PATIENCE_S)
    late[0].end()


def test_one_thread_of_a_process_always_works_and_no_second_where_others_take_the_cores() -> None:
    busy = [0, 2]
    workers = queue(CpuSlots(CpuShare(2, busy, 0)), 2)
    assert working(workers) == [0]
    workers[0].end()
    assert workers[1].works.wait(PATIENCE_S)
    workers[1].end()
    assert busy == [0, 2]


def test_room_that_others_leave_is_taken_at_the_next_slot() -> None:
    busy = [0, 1]
    workers = queue(CpuSlots(CpuShare(2, busy, 0)), 3)
    assert working(workers) == [0]
    busy[1] = 0
    workers[0].end()
    assert workers[1].works.wait(PATIENCE_S)
    assert workers[2].works.wait(PATIENCE_S)
    for worker in workers[1:]:
        worker.end()
    assert busy == [0, 0]


def test_who_fails_gives_the_slot_back() -> None:
    busy = [0]
    slots = CpuSlots(CpuShare(1, busy, 0))
    with pytest.raises(ValueError, match="broken"), slots.hold():
        raise ValueError("broken")
    assert busy == [0]
    with slots.hold():
        assert busy == [1]


def test_where_nobody_is_counted_nobody_waits() -> None:
    assert share_cpus(None, 2) == [None, None]


def test_the_shares_of_several_processes_count_their_threads_together() -> None:
    first, second = share_cpus(2, 2)
    assert first is not None
    assert second is not None
    with CpuSlots(first).hold():
        assert list(second.busy) == [1, 0]


def test_a_detector_and_an_encoder_work_while_they_hold_a_slot_and_are_otherwise_what_they_were() -> None:
    busy = [0]
    slots = CpuSlots(CpuShare(1, busy, 0))
    at_work: list[int] = []

    class Watched(ColourStripesEncoder):
        def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
            at_work.extend(busy)
            return super().encode(clips)

        def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
            at_work.extend(busy)
            return [no_detections() for _ in images]

    watched = Watched(frames=1)
    encoder = SlottedEncoder(watched, slots)
    spec = encoder.clip
    clips = np.arange(spec.height * spec.width * 3, dtype=np.uint8).reshape(1, 1, spec.height, spec.width, 3)
    np.testing.assert_array_equal(encoder.encode(clips), watched.encode(clips))
    assert (encoder.clip, encoder.model_id) == (watched.clip, watched.model_id)
    assert len(SlottedDetector(watched, slots).detect([clips[0, 0]])) == 1
    assert at_work == [1, 0, 1]
    assert busy == [0]
