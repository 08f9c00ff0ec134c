"""Where an artefact is written: it and its card take their places together, whole or not at all."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from passerby_events.errors import PasserbyError
from reid_runtime.card import NAME, card_path

MOST_LETTERS = 200
"""Of a network's name; see `ModelCard`."""
SURROGATES = re.compile("[\ud800-\udfff]")
"""What stands for bytes of a file's name that are no UTF-8."""


class TargetError(PasserbyError):
    """An artefact cannot lie where it was asked for; the message says in one line why."""

    exit_code = 2


def check_target(file: Path, suffix: str) -> None:
    """What can be told of a target before anything is computed.

    Args:
        file: to write.
        suffix: that it must have.

    Raises:
        TargetError: if it has another one, it or its card is a folder, or it lies in none that can be written.
    """
    if file.suffix != suffix:
        raise TargetError(f"expected a file to write with the suffix {suffix}, found {file}")
    # The network is named after the file, and a card is UTF-8.
    if not re.fullmatch(NAME, file.stem) or len(file.stem) > MOST_LETTERS or SURROGATES.search(file.stem):
        raise TargetError(
            f"expected a name of at most {MOST_LETTERS} letters in UTF-8 without control characters, found "
            f"{file.stem!a}"
        )
    check_place(file)
    if card_path(file).is_dir():
        raise TargetError(f"expected a place for the card, found a folder at {card_path(file)}: choose another name")


def check_place(file: Path) -> None:
    """Whether a file could be written.

    Raises:
        TargetError: if there is a folder in its place, or it lies in none that can be written.
    """
    if file.is_dir():
        raise TargetError(f"expected a file to write, found a folder at {file}")
    if not file.parent.is_dir():
        raise TargetError(f"expected a folder for {file.name}, found none at {file.parent}: make it first")
    if not os.access(file.parent, os.W_OK):
        raise TargetError(f"expected a folder that can be written for {file.name}, found {file.parent}: choose another")


def check_folder(folder: Path) -> None:
    """Whether a folder could be made, if it is not there.

    Raises:
        TargetError: if there is a file in its place, or nothing can be written there.
    """
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise TargetError(f"expected a folder to write at {folder}, found {there}, which is none: choose another")


@contextmanager
def folder_beside(file: Path) -> Iterator[Path]:
    """A folder on the disk of a file that is to come, hidden, and gone afterwards, whatever happens.

    Raises:
        OSError: if something in it cannot be written, such as on a full disk; it names the file that is to come.
    """
    prefix = f".{file.name}."
    try:
        with TemporaryDirectory(prefix=prefix, dir=file.parent) as folder:
            yield Path(folder)
    except OSError as error:
        is_within = error.filename is None or str(error.filename).startswith(str(file.parent / prefix))
        if error.errno is None or not is_within:
            raise
        raise OSError(error.errno, error.strerror, str(file)) from error


@contextmanager
def written_whole(file: Path) -> Iterator[Path]:
    """A path of the same name in a folder beside; what lies there at the end, with its card, takes the file's place.

    Raises:
        OSError: as `folder_beside`.
    """
    with folder_beside(file) as folder:
        partial = folder / file.name
        yield partial
        take_places(partial, file)


def write_text(file: Path, text: str) -> None:
    """Writes a file of figures, whole or not at all.

    Raises:
        OSError: if it cannot be written; what was there is left.
    """
    with folder_beside(file) as folder:
        partial = folder / file.name
        partial.write_text(text, encoding="utf-8")
        partial.replace(file)


def take_places(made: Path, file: Path) -> None:
    """Puts a finished artefact and its card where they belong; of several at once, the last has both places."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some network disks lock no folder: there the two renames may cross another's.
            fcntl.flock(folder, fcntl.LOCK_EX)
        made.replace(file)
        card_path(made).replace(card_path(file))
    finally:
        os.close(folder)
