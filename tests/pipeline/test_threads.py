import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.threads import keep_to_one_thread, usable_cores


def test_the_libraries_below_keep_to_the_thread_that_calls_them() -> None:
    before = cv2.getNumThreads()
    with threadpool_limits(2, user_api="blas"):
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {2}
        keep_to_one_thread()
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
        assert cv2.getNumThreads() == 1
        assert np.allclose(np.eye(300) @ np.ones((300, 300)), 1)
    cv2.setNumThreads(before)


@pytest.mark.parametrize(
    ("said", "most"),
    [("max 100000", 10_000), ("100000 100000", 1), ("150000 100000", 2), ("1000 100000", 1), ("nonsense", 10_000)],
)
def test_a_container_may_use_no_more_cores_than_its_share(tmp_path: Path, said: str, most: int) -> None:
    path = tmp_path / "cpu.max"
    path.write_text(said)
    assert usable_cores(path) == min(most, len(os.sched_getaffinity(0)))


def test_without_a_container_all_cores_are_usable(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
