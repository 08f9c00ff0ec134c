"""Files of people's data: nobody else of the machine reads them, one that cannot be written is named, and what is half
written never looks whole.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def files_kept_private(*, unless: bool) -> Iterator[None]:
    """Folders that are made meanwhile have mode 700 and files 600, here and in processes that are started meanwhile.

    Args:
        unless: others may read them, as far as the umask lets them.
    """
    if unless:
        yield
        return
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error while a file is written, such as a full disk, says which file."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def partial_of(path: Path) -> Path:
    """Where a file is written until it is whole."""
    return path.with_name(f"{path.name}.partial")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write a file instead: it takes its place, in a folder that is made, once all is there, and else is gone.

    An error, such as a full disk, names the file.
    """
    partial = partial_of(path)
    try:
        with naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def is_free(file: int, lock: int) -> bool:
    """Takes a lock on an open file or folder if nobody else has one that excludes it; says whether it has it.

    Args:
        file: its descriptor, with which the lock ends.
        lock: `fcntl.LOCK_EX` or `fcntl.LOCK_SH`; takes the place of one that the descriptor has.
    """
    try:
        fcntl.flock(file, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
