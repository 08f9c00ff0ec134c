"""Which files beside a network hold weights of it: external data of an ONNX file, as large networks and many exporters
have it, and the .bin of Intel's IR.

ONNX is read from the protobuf itself, because serving has no package `onnx`: of its messages (onnx.proto3) only those
are followed that may hold a tensor.
"""

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

HOLDERS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
"""Field numbers of each message, and what they hold."""
ENTRIES, LOCATION, EXTERNAL = 13, 14, 1
"""Of a tensor: its external data by key and value, and where its data lie."""

IR_CONSTANT = re.compile(rb'<data\b[^>]*\boffset="(\d{1,18})"[^>]*\bsize="(\d{1,18})"')
"""Of an IR's layer: where in the .bin its constant begins, and how long it is, in bytes."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file beside a network's.

    Attributes:
        name: relative to the folder of the network, as it stands there.
        least_bytes: that it must have.
    """

    name: str
    least_bytes: int

    @property
    def is_beside(self) -> bool:
        """Whether it lies in the folder of the network, or below."""
        path = PurePosixPath(self.name)
        return (
            ".." not in self.name.replace("\\", "/").split("/")
            and not path.is_absolute()
            and not PureWindowsPath(self.name).is_absolute()
        )


def weight_files(path: Path) -> tuple[WeightFile, ...]:
    """The files that a network keeps weights in, by name; none of what is no network: its reader will say so."""
    if not path.stat().st_size:
        return ()
    if path.suffix == ".xml":
        return _of_ir(path)
    least: dict[str, int] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        view = memoryview(content)
        try:
            for found in _external(view, "model"):
                least[found.name] = max(found.least_bytes, least.get(found.name, 0))
        except (ValueError, IndexError):
            return ()
        finally:
            view.release()
    return tuple(WeightFile(name, least[name]) for name in sorted(least))


def _of_ir(path: Path) -> tuple[WeightFile, ...]:
    """The .bin of an IR: its name is that of the .xml, and constants say where in it they lie."""
    ends = [int(at) + int(size) for at, size in IR_CONSTANT.findall(path.read_bytes())]
    return (WeightFile(path.with_suffix(".bin").name, max(ends)),) if ends else ()


def _external(message: memoryview, kind: str) -> Iterator[WeightFile]:
    if kind == "tensor":
        yield from _of_tensor(message)
        return
    for number, value in _fields(message):
        inner = HOLDERS[kind].get(number)
        if inner is not None and isinstance(value, memoryview):
            yield from _external(value, inner)


def _of_tensor(message: memoryview) -> Iterator[WeightFile]:
    fields = list(_fields(message))
    if (LOCATION, EXTERNAL) not in [(number, value) for number, value in fields if isinstance(value, int)]:
        return
    entries = dict(_entry(value) for number, value in fields if number == ENTRIES and isinstance(value, memoryview))
    if "location" in entries:
        yield WeightFile(entries["location"], int(entries.get("offset", 0)) + int(entries.get("length", 0)))


def _entry(message: memoryview) -> tuple[str, str]:
    fields = {number: bytes(value).decode() for number, value in _fields(message) if isinstance(value, memoryview)}
    return fields.get(1, ""), fields.get(2, "")


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of each field: a number, or bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(message, at)
            case 5:
                size = 4
            case other:
                raise ValueError(f"expected a field of protobuf, found wire type {other}")
        if at + size > len(message):
            raise ValueError(f"expected {size} bytes at {at}, found the end at {len(message)}")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
