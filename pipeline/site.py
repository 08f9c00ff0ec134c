"""Which cameras a site has, which of them overlap, and how long people need from one to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(ge=0)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


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


class Place(BaseModel):
    """Where a camera stands on the plan of a site.

    Attributes:
        camera: its name.
        at: x and y in any unit, y downwards.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    camera: str
    at: tuple[Finite, Finite]


class Site(BaseModel):
    """What an operator can write down about a site without measuring anything but walks.

    Attributes:
        name: appears in events and keys.
        overlaps: pairs of cameras that see the same ground; a person may be in both at once.
        transits: walks between cameras that do not overlap.
        unnamed_pairs: what holds for two cameras that are in neither list. `unknown`: a person may be seen by them at
            any two times; `apart`: nobody is seen by both at once.
        clock_tolerance_s: how far the cameras' clocks may be apart, seconds.
        handover_s: how long a track may go on, seconds, when the next one of the same person and camera has begun: a
            tracker may hold two boxes on somebody who comes out from behind somebody else. 0: never two at once.
        plan: where cameras stand: the view draws the ways of persons between them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field("site", pattern=r"^[A-Za-z0-9_.-]+$")
    overlaps: tuple[tuple[str, str], ...] = ()
    transits: tuple[Transit, ...] = ()
    unnamed_pairs: Literal["unknown", "apart"] = "unknown"
    clock_tolerance_s: Seconds = 0.5
    handover_s: Seconds = 0.0
    plan: tuple[Place, ...] = ()

    def cameras(self) -> set[str]:
        """Every camera that the description names."""
        named = {name for pair in self.overlaps for name in pair} | {n for t in self.transits for n in t.between}
        return named | {place.camera for place in self.plan}


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A site as matrices over its cameras, for arrays of pairs.

    Attributes:
        min_gap_s: (C, C) float64, [a, b]: seconds from the end of a sighting in a to the start of the next in b, at
            least; minus infinity where both may be at once.
        max_gap_s: (C, C) float64, the same, at most.
    """

    min_gap_s: NDArray[np.float64]
    max_gap_s: NDArray[np.float64]


def topology(site: Site, cameras: Sequence[str]) -> Topology:
    """The matrices of a site, its cameras numbered as in `cameras`; those it does not name are unnamed pairs."""
    number = {camera: i for i, camera in enumerate(cameras)}
    apart_s = -np.inf if site.unnamed_pairs == "unknown" else -site.clock_tolerance_s
    min_gap_s = np.full((len(cameras), len(cameras)), apart_s)
    max_gap_s = np.full_like(min_gap_s, np.inf)
    for a, b in site.overlaps:
        if a in number and b in number:
            min_gap_s[number[a], number[b]] = min_gap_s[number[b], number[a]] = -np.inf
    for transit in site.transits:
        a, b = transit.between
        if a in number and b in number:
            _walk(min_gap_s, max_gap_s, (number[a], number[b]), transit, site.clock_tolerance_s)
    np.fill_diagonal(min_gap_s, -site.handover_s)
    return Topology(min_gap_s, max_gap_s)


def overlapping(site: Site, cameras: Sequence[str]) -> NDArray[np.bool_]:
    """(C, C) bool, symmetric: which cameras the site says see one place."""
    number = {camera: i for i, camera in enumerate(cameras)}
    overlaps = np.zeros((len(cameras), len(cameras)), np.bool_)
    for a, b in site.overlaps:
        if a in number and b in number:
            overlaps[number[a], number[b]] = overlaps[number[b], number[a]] = True
    return overlaps


def _walk(
    min_gap_s: NDArray[np.float64],
    max_gap_s: NDArray[np.float64],
    pair: tuple[int, int],
    transit: Transit,
    tolerance_s: float,
) -> None:
    """Enters one walk; the way back is the same, or closed if the walk is one-way."""
    longest_s = np.inf if transit.max_s is None else transit.max_s + tolerance_s
    min_gap_s[pair] = min_gap_s[pair[::-1]] = transit.min_s - tolerance_s
    max_gap_s[pair] = longest_s
    max_gap_s[pair[::-1]] = -np.inf if transit.one_way else longest_s
