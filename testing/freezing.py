"""A process that stands still: SIGSTOP, and the moment when it works.

The signal comes back before the last thread has stopped; on a busy machine a server answers once more in between.
"""

import os
import signal
import time
from pathlib import Path

WITHIN_S = 10.0


def freeze(pid: int) -> None:
    """Stops all threads of a process, and returns when they stand.

    Raises:
        TimeoutError: if one still runs after a while.
    """
    os.kill(pid, signal.SIGSTOP)
    end_s = time.monotonic() + WITHIN_S
    while time.monotonic() < end_s:
        if all(state in "TtZX" for state in _states(pid)):
            return
        os.sched_yield()
    raise TimeoutError(f"expected process {pid} to stand still within {WITHIN_S:.0f} s")


def _states(pid: int) -> list[str]:
    """One letter a thread, as `ps` shows them."""
    states = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            states.append(stat.read_text().rpartition(")")[2].split()[0])
        except OSError:  # the thread has ended
            continue
    return states
