"""What is impossible: two tracks of one camera at one time, and a walk faster than anybody walks."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.matching.sightings import SightingArrays
from pipeline.site import Topology


class Verdict(IntEnum):
    """Whether two tracks may be one person."""

    POSSIBLE = 0
    SAME_CAMERA_SAME_TIME = 1
    TWO_CAMERAS_AT_ONCE = 2
    TOO_FAST = 3
    TOO_LATE = 4


VERDICTS = tuple(Verdict)
POSSIBLE, TOO_LATE = int(Verdict.POSSIBLE), int(Verdict.TOO_LATE)
"""As numbers, for arrays: to look a member up costs as much as a small array does."""


def verdicts(
    a: SightingArrays, b: SightingArrays, i: NDArray[np.intp], j: NDArray[np.intp], site: Topology
) -> NDArray[np.int8]:
    """`Verdict`: may track a[i] and track b[j] be one person? For all i and j, in the shape they broadcast to."""
    a_first = a.start_s[i] <= b.start_s[j]
    camera_a, camera_b = a.cameras[i], b.cameras[j]
    same_camera = camera_a == camera_b
    end_first_s = np.where(a_first, a.end_s[i], b.end_s[j])
    still_there = np.where(a_first, a.still_there[i], b.still_there[j])
    gap_s = np.where(a_first, b.start_s[j], a.start_s[i]) - end_first_s
    gap_s = np.where(same_camera & still_there, -np.inf, gap_s)
    cameras = len(site.min_gap_s)
    way = np.where(a_first, cameras * camera_a + camera_b, cameras * camera_b + camera_a)
    least_s, most_s = site.min_gap_s.take(way), site.max_gap_s.take(way)
    found = np.where(gap_s > most_s, np.int8(Verdict.TOO_LATE), np.int8(Verdict.POSSIBLE))
    too_soon = gap_s < least_s
    found[too_soon] = np.where(gap_s < 0, np.int8(Verdict.TWO_CAMERAS_AT_ONCE), np.int8(Verdict.TOO_FAST))[too_soon]
    found[too_soon & same_camera] = Verdict.SAME_CAMERA_SAME_TIME
    return found
