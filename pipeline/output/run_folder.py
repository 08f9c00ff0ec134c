"""The folder that runs write to: it has the files of one run, and those of an earlier one are kept apart, whole.

A process that is started again must neither overwrite what was there before nor mix with it. So `run` begins with an
empty folder; workers and matchers of a site go on with what is there, if it is of the same series of decisions.
"""

import fcntl
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

from passerby_events.errors import EventsError, EventsRefusedError
from pipeline.output.files import is_free

logger = logging.getLogger(__name__)

_SERIES = "site.json"
"""Of which site, and of which series of its decisions, the files are; not there for those of a `run`."""
_OURS = ("events.jsonl", "tracks/*.txt", "tracks/*.ini", "videos/*.mp4", "thumbnails/*/*.jpg", "report.html", _SERIES)
"""All that a run may leave; one that was killed also leaves some that are partial."""
_EARLIER = "earlier"
_PATIENCE_S = 5.0
"""So long may a process that was killed have children."""
_PAUSE_S = 0.05


class FolderInUse(EventsRefusedError):  # noqa: N818 - a state of the world, not a fault
    """Another process writes to the folder, and not to the same files; the message says what to do."""


@contextmanager
def folder_of_a_run(directory: Path) -> Iterator[None]:
    """The folder for one run alone; what an earlier one left is in `earlier/TIME` from now on.

    Raises:
        FolderInUse: if another process writes there.
        EventsError: if it cannot be made or used.
    """
    with _opened(directory) as folder:
        _until(lambda: is_free(folder, fcntl.LOCK_EX), directory)
        _keep_apart(directory)
        yield


@contextmanager
def folder_of_a_site(directory: Path, series: Mapping[str, str]) -> Iterator[None]:
    """The folder for all processes of a site; what is there of another run or series is in `earlier/TIME` from now on.

    Args:
        series: what tells it from others.

    Raises:
        FolderInUse: if a process that is not of this series writes there.
        EventsError: if it cannot be made or used.
    """
    with _opened(directory) as folder:
        _until(lambda: _joins(folder, directory, series), directory)
        yield


@contextmanager
def _opened(directory: Path) -> Iterator[int]:
    """A descriptor to lock: a lock ends with its process, whatever ends that."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        folder = os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise EventsError(f"expected to write to {directory}: {error.strerror}; name another folder") from error
    try:
        yield folder
    finally:
        os.close(folder)


def _joins(folder: int, directory: Path, series: Mapping[str, str]) -> bool:
    """Whether the files are of this series now.

    Those of a site may begin another series while others of the site are there, as when Redis has lost everything.
    What is of a run or of another site is touched only by who is there alone.
    """
    found = _series(directory)
    if found is not None and found.get("site") == series["site"]:
        return is_free(folder, fcntl.LOCK_SH) and _goes_on(directory, series)
    if not is_free(folder, fcntl.LOCK_EX):
        return False
    _begin(directory, series)
    return is_free(folder, fcntl.LOCK_SH) and _series(directory) == series


def _goes_on(directory: Path, series: Mapping[str, str]) -> bool:
    """Begins another series if need be, one process after the other."""
    if _series(directory) == series:
        return True
    with (directory / _SERIES).open("rb") as guard:
        if is_free(guard.fileno(), fcntl.LOCK_EX) and _series(directory) != series:
            _begin(directory, series)
    return _series(directory) == series


def _begin(directory: Path, series: Mapping[str, str]) -> None:
    _keep_apart(directory)
    (directory / _SERIES).write_text(json.dumps(dict(series)) + "\n", encoding="utf-8")


def _until(is_ours: Callable[[], bool], directory: Path) -> None:
    ends_s = time.monotonic() + _PATIENCE_S
    while not is_ours():
        if time.monotonic() > ends_s:
            raise FolderInUse(
                f"expected a folder of its own for this run, found that another process writes to {directory}: end "
                "that, or name another folder"
            )
        time.sleep(_PAUSE_S)


def _series(directory: Path) -> Mapping[str, str] | None:
    """What stands there; None if nothing does, or anything that we have not written."""
    try:
        found: object = json.loads((directory / _SERIES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _keep_apart(directory: Path) -> None:
    """Moves the files of an earlier run to `earlier/20261130T093000Z`, named after the last moment of it."""
    files = [path for pattern in _OURS for path in chain(directory.glob(pattern), directory.glob(f"{pattern}.partial"))]
    if not any(path.stat().st_size for path in files if path.name != _SERIES):
        for path in files:
            path.unlink()
        return
    when = datetime.fromtimestamp(max(path.stat().st_mtime for path in files), UTC)
    names = (f"{when:%Y%m%dT%H%M%SZ}{'' if i == 1 else f'-{i}'}" for i in count(1))
    kept = next(folder for name in names if not (folder := directory / _EARLIER / name).exists())
    for path in files:
        target = kept / path.relative_to(directory)
        target.parent.mkdir(parents=True, exist_ok=True)
        # A folder of it may be a disk of its own.
        shutil.move(path, target)
    logger.info("what the run before wrote is now in %s", kept)
