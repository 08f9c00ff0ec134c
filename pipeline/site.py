"""Which cameras a site has, which of them overlap, and how long people need from one to the next."""

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0)]


class Transit(BaseModel):
    """How long a walk between two cameras takes, either way unless `one_way`.

    Attributes:
        between: the two cameras, from the first to the second.
        min_s: nobody is faster, seconds.
        max_s: nobody who takes longer is taken for the same person on this way alone; None: no limit.
        one_way: True if people only walk from the first camera to the second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    between: tuple[str, str]
    min_s: Seconds = 0.0
    max_s: Seconds | None = None
    one_way: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_s is not None and self.max_s < self.min_s:
            raise ValueError(f"max_s {self.max_s} is below min_s {self.min_s}")
        if self.between[0] == self.between[1]:
            raise ValueError(f"a transit joins two cameras, found {self.between[0]!r} twice")
        return self


class Site(BaseModel):
    """The ground truth that an operator can write down without measuring anything.

    Two cameras that are neither in `overlaps` nor in `transits` may see a person at any two times,
    unless `strict`, where nobody goes directly between them and nobody is in both at once.

    Attributes:
        name: appears in events and keys.
        overlaps: pairs of cameras that see the same ground; a person may be in both at once.
        transits: walks between cameras that do not overlap.
        clock_tolerance_s: how far the cameras' clocks may be apart, seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = "site"
    overlaps: tuple[tuple[str, str], ...] = ()
    transits: tuple[Transit, ...] = ()
    clock_tolerance_s: Seconds = 0.5

    def cameras(self) -> set[str]:
        return {name for pair in self.overlaps for name in pair} | {n for t in self.transits for n in t.between}
