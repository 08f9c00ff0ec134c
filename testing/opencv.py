"""OpenCV as a process of ours has it: on the thread that calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Meanwhile OpenCV keeps to the thread that calls it: on several, HOG now and then gives a window another's score.

    Elsewhere `pipeline.scheduling.threads` does that, once for the whole process.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
