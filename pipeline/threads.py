"""How many threads the libraries below may start: none, because the cameras' own share the cores already."""

import math
import os
from pathlib import Path

import cv2
from threadpoolctl import threadpool_limits

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
"""Where a container finds its share of the machine: microseconds in each period of so many, or `max`."""


def keep_to_one_thread() -> None:
    """OpenCV and the BLAS behind numpy work on the thread that calls them, in this process, from now on.

    Their own threads would only wake, spin and wait: the products are small, and every camera has a thread.
    """
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")


def usable_cores(cpu_max: Path = CPU_MAX) -> int:
    """Cores that this process may use: those it is let run on, and no more than its container's share of them."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))
