"""The append-only file of a redis-server that is down: where its commands begin and end, and how to cut it back."""

from collections.abc import Iterator
from pathlib import Path


def append_only_file(folder: Path) -> Path:
    """Where commands are added: in a folder of several files since Redis 7, beside the others before."""
    return max(folder.glob("appendonlydir/*.incr.aof"), default=folder / "appendonly.aof")


def cut_back(path: Path, size: int) -> int:
    """Cuts a file back to the last end of a command, or of a transaction, at or before a size; says how many bytes
    that took away.
    """
    content = path.read_bytes()
    kept = max((end for end in _ends(content) if end <= size), default=0)
    with path.open("r+b") as file:
        file.truncate(kept)
    return len(content) - kept


def _ends(content: bytes) -> Iterator[int]:
    at, in_transaction = 0, False
    while at < len(content):
        if content[at : at + 1] == b"#":
            at = content.index(b"\n", at) + 1
            continue
        words, at = _command(content, at)
        name = words[0].upper()
        in_transaction = name == b"MULTI" or (in_transaction and name != b"EXEC")
        if not in_transaction:
            yield at


def _command(content: bytes, at: int) -> tuple[list[bytes], int]:
    """The words of the command that begins there, and where it ends."""
    count, at = _number(content, at)
    words = []
    for _ in range(count):
        length, at = _number(content, at)
        words.append(content[at : at + length])
        at += length + 2
    return words, at


def _number(content: bytes, at: int) -> tuple[int, int]:
    """A number behind `*` or `$`, and where the next thing begins."""
    end = content.index(b"\r\n", at)
    return int(content[at + 1 : end]), end + 2
