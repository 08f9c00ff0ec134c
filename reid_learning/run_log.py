"""The log of a run: a line of JSON for each step and each ranking, and the same for TensorBoard.

A run that goes on appends to both. What a killed one wrote after its last checkpoint comes again: the later line
counts, and TensorBoard is told to forget the earlier one.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FILE = "log.jsonl"
EVENTS = "tensorboard"
"""Folder of TensorBoard's files, in that of the run."""
STEP = "step"

Series = dict[str, tuple[list[int], list[float]]]
"""By name: steps in order, and the value at each."""


class RunLog:
    """Writes it; to be closed, or used with `with`."""

    def __init__(self, folder: Path, *, is_silent: bool = False) -> None:
        """Opens it; the folder is made.

        Args:
            folder: of the run.
            is_silent: of several processes all but one: nothing is written.
        """
        self.folder = folder
        self._events: SummaryWriter | None = None
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / FILE
        is_cut = not is_silent and path.is_file() and path.read_bytes()[-1:] not in (b"", b"\n")
        # Line by line: what a killed run has written is there.
        self._file = None if is_silent else path.open("a", encoding="utf-8", buffering=1)
        if self._file is not None and is_cut:
            self._file.write("\n")

    def write(self, step: int, **values: float) -> None:
        """One line, and a point in each curve."""
        if self._file is None:
            return
        self._file.write(json.dumps({STEP: step, **values}) + "\n")
        if self._events is None:
            self._events = _writer(self.folder / EVENTS, purge_step=step)
        for name, value in values.items():
            self._events.add_scalar(name, value, step)

    def __enter__(self) -> "RunLog":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._events is not None:
            self._events.close()


def read_log(folder: Path) -> Series:
    """The curves of a run; of lines that were written twice the later one, without those that were cut."""
    found: dict[str, dict[int, float]] = {}
    for line in (folder / FILE).read_text(encoding="utf-8").splitlines():
        values = _parsed(line)
        step = values.get(STEP)
        if not isinstance(step, int):
            continue
        for name, value in values.items():
            if name != STEP and isinstance(value, int | float):
                found.setdefault(name, {})[step] = float(value)
    return {name: _in_order(points) for name, points in found.items()}


def _parsed(line: str) -> Mapping[str, object]:
    try:
        values = json.loads(line)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _in_order(points: Mapping[int, float]) -> tuple[list[int], list[float]]:
    steps = sorted(points)
    return steps, [points[step] for step in steps]


def _writer(folder: Path, *, purge_step: int) -> "SummaryWriter":
    # Seconds to import, which whoever only reads a network should not wait for.
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=purge_step)
