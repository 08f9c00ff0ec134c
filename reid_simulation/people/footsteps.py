"""Where the feet of a walker are: laid down so that no shoe slides on the floor or sinks into it.

From the heel's strike to the toes' leaving a shoe rolls over the floor on whichever of its points is lowest; then it
swings to its next print, one stride ahead. Only how far the toes are up comes from the captured walk.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body import packed

Floats = NDArray[np.float64]

PHASES = 64
TOE_OFF = 0.60
"""Phase at which a foot leaves the floor; 0 is its heel's strike."""
STANDING = 0.20
"""Phase at which it stands flat."""
UNDER_HIP = 0.235
"""Phase at which a planted ankle passes under the hip."""
CLEARANCE_M = 0.022
"""Between floor and shoe, at least, in the middle of a swing."""
BRAKED = 0.4
"""Of the floor's speed under a foot that is about to land."""
FREED = 0.12
"""Phases in which toes that have left the floor unbend."""
FINE = 8
"""Steps of a phase in which a shoe is rolled."""


@dataclass(frozen=True, slots=True, eq=False)
class Shoe:
    """The left shoe (or bare foot) in the rest pose, from the side: x forward and z up from the ankle, metres.

    Attributes:
        foot: (N, 2) points that move with the foot.
        toes: (M, 2) points that move with the toes.
        joint: (2,) where the toes bend.
    """

    foot: Floats
    toes: Floats
    joint: Floats

    def points(self, pitches: Floats) -> Floats:
        """(T, N + M, 2), for pitches (T, 2): radians that the foot's toes are up, and the toes themselves."""
        toes = _turned(self.joint[None], pitches[:, 0]) + _turned(self.toes - self.joint, pitches[:, 1])
        return np.concatenate([_turned(self.foot, pitches[:, 0]), toes], axis=1)

    def level(self) -> float:
        """Pitch at which heel and ball stand on the same floor."""
        is_heel = np.zeros(len(self.foot) + len(self.toes), np.bool_)
        is_heel[: len(self.foot)] = self.foot[:, 0] < (self.foot[:, 0].min() + self.joint[0]) / 2
        pitches = np.linspace(-0.3, 0.4, 141)
        heights = self.points(np.stack([pitches, np.zeros_like(pitches)], axis=1))[:, :, 1]
        gap = heights[:, is_heel].min(axis=1) - heights[:, ~is_heel].min(axis=1)
        return float(pitches[np.abs(gap).argmin()])


@dataclass(frozen=True, slots=True, eq=False)
class Footsteps:
    """The left foot over a cycle, seen from the walker; the right does the same half a cycle later.

    Attributes:
        ankle: (PHASES + 1, 2) x forward and z above the floor, metres.
        pitches: (PHASES + 1, 2) radians that foot and toes are up.
        stand_z: height of the ankle of a standing foot.
        stand_pitch: its pitch.
    """

    ankle: Floats
    pitches: Floats
    stand_z: float
    stand_pitch: float


def footsteps(shoe: Shoe, stride_m: float) -> Footsteps:
    level = shoe.level()
    cycle = packed.motion("pitch").astype(np.float64)
    phases = np.arange(PHASES * FINE + 1) / (PHASES * FINE)
    lifted = np.interp(phases, np.arange(PHASES + 1) / PHASES, np.append(cycle, cycle[0]))
    free = np.clip((phases - TOE_OFF) / FREED, 0, 1)
    pitches = np.stack([level + lifted, np.where(lifted < 0, free * lifted, lifted)], axis=1)
    planted = phases <= TOE_OFF
    ankle = np.zeros((len(phases), 2))
    ankle[planted] = _rolled(shoe, phases[planted], pitches[planted])
    ankle[planted, 0] += stride_m * (UNDER_HIP - phases[planted])
    ankle[~planted] = _swung(ankle[planted], (phases[~planted] - TOE_OFF) / (1 - TOE_OFF), phases[1])
    swing = np.flatnonzero(~planted)
    lowest = shoe.points(pitches[swing])[:, :, 1].min(axis=1)
    clear = CLEARANCE_M * np.sin(np.pi * (phases[swing] - TOE_OFF) / (1 - TOE_OFF))
    ankle[swing, 1] = np.maximum(ankle[swing, 1], clear - lowest)
    stand_z = -float(shoe.points(np.array([[level, 0.0]]))[..., 1].min())
    return Footsteps(ankle[::FINE], pitches[::FINE], stand_z, level)


def _rolled(shoe: Shoe, phases: Floats, pitches: Floats) -> Floats:
    """x in the world and z of the ankle, (N, 2), while the lowest point of the shoe stays where it is."""
    shapes = shoe.points(pitches)
    contact = shapes[:, :, 1].argmin(axis=1)
    rows = np.arange(len(phases) - 1)
    steps = shapes[rows, contact[:-1], 0] - shapes[rows + 1, contact[:-1], 0]
    x = np.concatenate([[0.0], np.cumsum(steps)])
    return np.stack([x - np.interp(STANDING, phases, x), -shapes[:, :, 1].min(axis=1)], axis=1)


def _swung(planted: Floats, share: Floats, step: float) -> Floats:
    """From the last planted place to the first, (N, 2), leaving as smoothly as the toes push off."""
    start, end = planted[-1], planted[0]
    start_speed = (planted[-1] - planted[-2]) / step * (1 - TOE_OFF)
    end_speed = BRAKED * (planted[1] - planted[0]) / step * (1 - TOE_OFF)
    s = share[:, None]
    return np.asarray(
        (1 + 2 * s) * (1 - s) ** 2 * start + s * (1 - s) ** 2 * start_speed
        + s**2 * (3 - 2 * s) * end + s**2 * (s - 1) * end_speed
    )  # fmt: skip


def _turned(points: Floats, pitches: Floats) -> Floats:
    """(T, N, 2) x and z of points (N, 2) turned about the origin by pitches (T,), toes up."""
    sine, cosine = np.sin(pitches), np.cos(pitches)
    turns = np.stack([np.stack([cosine, sine], axis=-1), np.stack([-sine, cosine], axis=-1)], axis=-2)
    around: Floats = points @ turns
    return around
