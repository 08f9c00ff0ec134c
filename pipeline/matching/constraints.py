"""What is impossible: two tracks of one camera at one time, and a walk faster than anybody walks."""

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


def verdicts(a: SightingArrays, b: SightingArrays, i: Rows, j: Rows, site: Topology) -> NDArray[np.int8]:
    """`Verdict`: may track a[i] and track b[j] be one person? For all i and j, in the shape they broadcast to."""
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
    least_s, most_s = site.min_gap_s.take(way), site.max_gap_s.take(way)
    found = np.where(gap_s > most_s, _TOO_LATE, _POSSIBLE)
    too_soon = gap_s < least_s
    if too_soon.any():
        found[too_soon] = np.where(gap_s < 0, _AT_ONCE, _TOO_FAST)[too_soon]
        found[too_soon & same_camera] = Verdict.SAME_CAMERA_SAME_TIME
    return found
