"""How threads share the cores: the libraries start none of their own, and who works is left to it for a while."""

import ctypes
import math
import os
import platform
import struct
from pathlib import Path

import cv2
from threadpoolctl import threadpool_limits

CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
"""Where a container finds its share of the machine: microseconds in each period of so many, or `max`."""

SLICE_NS = 100_000_000
"""The longest that Linux grants."""
# Python and older C libraries have no function for `sched_setattr`; its number, by machine.
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
# Linux's `struct sched_attr`: size, policy, flags, nice, priority, runtime, deadline, period.
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")


def keep_to_one_thread() -> None:
    """OpenCV and the BLAS behind numpy work on the thread that calls them, in this process, from now on.

    Their own threads would only wake, spin and wait: the products are small, and every camera has a thread. And HOG
    needs it: on several threads OpenCV now and then gives a window another's score.
    """
    cv2.setNumThreads(1)
    threadpool_limits(1, user_api="blas")


def ask_for_long_slices() -> None:
    """This thread, and those it starts from now on, work for 100 ms at a time in the place of 3, and let others go
    before them in exchange.

    They then find the caches as they left them more often. A Linux older than 6.12 changes nothing.
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None or os.sched_getscheduler(0) != os.SCHED_OTHER:
        return
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    wanted = _SCHED_ATTR.pack(_SCHED_ATTR.size, os.SCHED_OTHER, 0, nice, 0, SLICE_NS, 0, 0)
    ctypes.CDLL(None).syscall(number, 0, wanted, 0)


def usable_cores(cpu_max: Path = CPU_MAX) -> int:
    """Cores that this process may use: those it is let run on, and no more than its container's share of them."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, math.ceil(int(quota) / int(period))))
