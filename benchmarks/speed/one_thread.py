"""A process whose libraries compute in one thread; they count their threads when numpy is loaded."""

import os
import subprocess
import sys

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def in_one_thread(module: str) -> None:
    """Returns in such a process; in any other, runs the module in one with the same arguments, and exits as it did."""
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        sys.exit(subprocess.call([sys.executable, "-m", module, *sys.argv[1:]], env=os.environ | ONE_THREAD))
