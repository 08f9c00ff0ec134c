import ctypes
import os
import platform
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.scheduling.threads import SLICE_NS, ask_for_long_slices, keep_to_one_thread, usable_cores

SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}.get(platform.machine())


def test_the_libraries_below_keep_to_the_thread_that_calls_them() -> None:
    before = cv2.getNumThreads()
    with threadpool_limits(2, user_api="blas"):
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {2}
        keep_to_one_thread()
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
        assert cv2.getNumThreads() == 1
        assert np.allclose(np.eye(300) @ np.ones((300, 300)), 1)
    cv2.setNumThreads(before)


def test_a_thread_that_asks_for_long_slices_gets_them_and_those_it_starts_too_and_no_other() -> None:
    if SCHED_GETATTR is None or tuple(map(int, platform.release().split(".")[:2])) < (6, 12):
        pytest.skip("expected Linux 6.12 or later on x86-64 or aarch64, which grants slices")
    own, asked, started = slice_and_nice(), [], []

    def ask() -> None:
        ask_for_long_slices()
        asked.append(slice_and_nice())
        run(lambda: started.append(slice_and_nice()))

    run(ask)
    assert own[0] < SLICE_NS
    assert asked == started == [(SLICE_NS, own[1])]
    assert slice_and_nice() == own


def run(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def slice_and_nice() -> tuple[int, int]:
    """What Linux says of the calling thread: nanoseconds that it works at a time, and its niceness."""
    content = ctypes.create_string_buffer(48)
    assert ctypes.CDLL(None).syscall(SCHED_GETATTR, 0, content, len(content), 0) == 0
    _, _, _, nice, _, slice_ns, _, _ = struct.unpack("=IIQiIQQQ", content.raw)
    return slice_ns, nice


@pytest.mark.parametrize(
    ("content", "most"),
    [("max 100000", 10_000), ("100000 100000", 1), ("150000 100000", 2), ("1000 100000", 1), ("nonsense", 10_000)],
)
def test_a_container_may_use_no_more_cores_than_its_share(tmp_path: Path, content: str, most: int) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(content)
    assert usable_cores(path) == min(most, len(os.sched_getaffinity(0)))


def test_without_a_container_all_cores_are_usable(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
