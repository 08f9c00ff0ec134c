"""Where a person is and what they are doing at one moment."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["walk", "stand", "sit"]


@dataclass(frozen=True, slots=True)
class Stance:
    """Between scenario, which moves people, and figure, which poses them.

    Attributes:
        person: number of the identity.
        x_m, y_m: on the floor: x to the east, y to the north, z up; the floor is z = 0.
        heading: radians from the x axis, counter-clockwise seen from above: where the chest points.
        travelled_m: path length walked since the person appeared: feet follow it, so that no step slides.
        speed_mps: along the path; between 0 and the pace, a step blends with standing.
        action: what the body does when it does not walk.
        time_s: of the site's clock, for small movements while standing.
        seated: how far somebody who sits has come down: from 0, still standing, to 1. The place is that of the pelvis.
    """

    person: int
    x_m: float
    y_m: float
    heading: float
    travelled_m: float
    speed_mps: float
    action: Action
    time_s: float
    seated: float = 1.0
