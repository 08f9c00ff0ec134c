"""What is impossible: two tracks of one camera at one time, and a walk faster than anybody walks."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.matching.sightings import SightingArrays
from pipeline.site import Topology

Rows = NDArray[np.intp] | tuple[slice | None, ...]
"""What picks rows of tracks, in the shape that the pairs are to have; a slice picks them without a copy."""


class Verdict(IntEnum):
    """Whether two tracks may be one person."""

    POSSIBLE = 0
    SAME_CAMERA_SAME_TIME = 1
    TWO_CAMERAS_AT_ONCE = 2
    TOO_FAST = 3
    TOO_LATE = 4


VERDICTS = tuple(Verdict)
POSSIBLE, TOO_LATE = int(Verdict.POSSIBLE), int(Verdict.TOO_LATE)
_POSSIBLE, _TOO_LATE, _AT_ONCE, _TOO_FAST = (
    np.int8(each) for each in (POSSIBLE, TOO_LATE, Verdict.TWO_CAMERAS_AT_ONCE, Verdict.TOO_FAST)
)
"""As numbers, for arrays: to look a member up costs as much as a small array does."""


@dataclass(frozen=True, slots=True)
class Impossibility:
    """Why two tracks cannot be one person.

    Attributes:
        verdict: which constraint says so.
        cameras: numbers of the cameras of the earlier track and of the later one.
        gap_s: from the end of the earlier track to the start of the later one; minus infinity: it has not ended yet.
        min_gap_s, max_gap_s: what the site demands of it.
    """

    verdict: Verdict
    cameras: tuple[int, int]
    gap_s: float
    min_gap_s: float
    max_gap_s: float


def verdicts(a: SightingArrays, b: SightingArrays, i: Rows, j: Rows, site: Topology) -> NDArray[np.int8]:
    """`Verdict`: may track a[i] and track b[j] be one person? For all i and j, in the shape they broadcast to."""
    return _verdicts(_passages(a, b, i, j, site), site)


def explain(
    a: SightingArrays, b: SightingArrays, i: NDArray[np.intp], j: NDArray[np.intp], site: Topology
) -> list[Impossibility]:
    """Why tracks a[i] and b[j], side by side, cannot be one person; each pair is one that cannot."""
    passages = _passages(a, b, i, j, site)
    verdict = map(VERDICTS.__getitem__, _verdicts(passages, site).tolist())
    cameras = [divmod(way, len(site.min_gap_s)) for way in passages.way.tolist()]
    least_s, most_s = site.min_gap_s.take(passages.way), site.max_gap_s.take(passages.way)
    return list(map(Impossibility, verdict, cameras, passages.gap_s.tolist(), least_s.tolist(), most_s.tolist()))


@dataclass(frozen=True, slots=True, eq=False)
class _Passages:
    """From the earlier track of each pair to the later one.

    Attributes:
        gap_s: how long it took; minus infinity where the earlier one has not ended.
        way: number of the way between the two cameras, row by row of the matrices of a site.
        is_within: True where both tracks are of one camera.
    """

    gap_s: NDArray[np.float64]
    way: NDArray[np.int64]
    is_within: NDArray[np.bool_]


def _passages(a: SightingArrays, b: SightingArrays, i: Rows, j: Rows, site: Topology) -> _Passages:
    start_a_s, start_b_s = a.start_s[i], b.start_s[j]
    camera_a, camera_b = a.cameras[i], b.cameras[j]
    cameras = len(site.min_gap_s)
    # From b to a, as it is where b are the known ones; else most calls of numpy here would be for nothing.
    gap_s, way = start_a_s - b.end_s[j], cameras * camera_b + camera_a
    a_first = start_a_s <= start_b_s
    if a_first.any():
        gap_s = np.where(a_first, start_b_s - a.end_s[i], gap_s)
        way = np.where(a_first, cameras * camera_a + camera_b, way)
    same_camera = camera_a == camera_b
    if same_camera.any():
        gap_s[same_camera & np.where(a_first, a.still_there[i], b.still_there[j])] = -np.inf
    return _Passages(gap_s, way, same_camera)


def _verdicts(passages: _Passages, site: Topology) -> NDArray[np.int8]:
    gap_s, way = passages.gap_s, passages.way
    least_s, most_s = site.min_gap_s.take(way), site.max_gap_s.take(way)
    found = np.where(gap_s > most_s, _TOO_LATE, _POSSIBLE)
    too_soon = gap_s < least_s
    if too_soon.any():
        found[too_soon] = np.where(gap_s < 0, _AT_ONCE, _TOO_FAST)[too_soon]
        found[too_soon & passages.is_within] = Verdict.SAME_CAMERA_SAME_TIME
    return found
