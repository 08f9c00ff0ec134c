"""How many threads the libraries below may start: none, because the cameras' own share the cores already."""

import cv2
from threadpoolctl import threadpool_limits


def keep_to_one_thread() -> None:
    """OpenCV and the BLAS behind numpy work on the thread that calls them, in this process, from now on.

    Their own threads would only wake, spin and wait: the products are small, and every camera has a thread.
    """
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")
