import cv2
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline.threads import keep_to_one_thread


def test_the_libraries_below_keep_to_the_thread_that_calls_them() -> None:
    before = cv2.getNumThreads()
    with threadpool_limits(2, user_api="blas"):
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {2}
        keep_to_one_thread()
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
        assert cv2.getNumThreads() == 1
        assert np.allclose(np.eye(300) @ np.ones((300, 300)), 1)
    cv2.setNumThreads(before)
