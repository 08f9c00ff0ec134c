"""How far a builder is."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class BuildStep:
    """A phase of the builder has gone a step further.

    Attributes:
        phase: the library's name of it.
        done: steps behind it.
        steps: of the phase.
    """

    phase: str
    done: int
    steps: int


def progress_monitor(trt: ModuleType, observers: tuple[Callable[[BuildStep], None], ...]) -> Any:
    """What the builder tells of its outermost phase; the many within them are over at once."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[name-defined, misc]
        """Called by the builder, in its own thread."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            if parent is None:
                self._steps[phase] = steps
                self._notify(phase, 0)

        def step_complete(self, phase: str, step: int) -> bool:
            if phase in self._steps:
                self._notify(phase, step + 1)
            return True

        def phase_finish(self, phase: str) -> None:
            if steps := self._steps.pop(phase, 0):
                for observe in observers:
                    observe(BuildStep(phase, steps, steps))

        def _notify(self, phase: str, done: int) -> None:
            for observe in observers:
                observe(BuildStep(phase, done, self._steps[phase]))

    return Monitor()
