"""What stands in the way of a ray: the boxes of a scene as compiled code reads them, and what they hide and shade."""

import numba
import numpy as np

from reid_simulation.render.shading import SUNLIT_STEP_M, Float64s
from reid_simulation.seams.scene import Box, Scene

# Columns of a thing.
_ROUND, GLASS = 8, 9
_SUNLIT_LEVELS = 5
_SUN_TURNS, _SUN_RIM = 24, 5


def things_of(scene: Scene) -> Float64s:
    """(B, 10): x, y, half width and depth, bottom, top, cosine and sine of its turn, is round, is glass."""

    def row(box: Box) -> list[float]:
        half = (box.width_m / 2, (box.width_m if box.is_round else box.depth_m) / 2)
        span = (box.bottom_m, box.bottom_m + box.height_m)
        turn = (float(np.cos(box.turn)), float(np.sin(box.turn)))
        return [box.x_m, box.y_m, *half, *span, *turn, float(box.is_round), float(box.material == "glass")]

    return np.array([row(box) for box in scene.boxes], np.float64).reshape(-1, 10)


@numba.njit(cache=True, nogil=True)
def meet(thing: Float64s, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> tuple[float, int]:
    """Distance along a ray to a box or cylinder (infinity: none), and the side: 0 x, 1 y, 2 z, 3 round."""
    cos, sin = thing[6], thing[7]
    rx, ry = ox - thing[0], oy - thing[1]
    ax, ay = cos * rx + sin * ry, cos * ry - sin * rx
    bx, by = cos * dx + sin * dy, cos * dy - sin * dx
    enter, leave, side = -np.inf, np.inf, -1
    if thing[_ROUND] > 0:
        a = bx * bx + by * by
        b = ax * bx + ay * by
        c = ax * ax + ay * ay - thing[2] * thing[2]
        root = b * b - a * c
        if root < 0 or (a == 0 and c > 0):
            return np.inf, -1
        if a > 0:
            enter, leave, side = (-b - np.sqrt(root)) / a, (-b + np.sqrt(root)) / a, 3
    else:
        for axis in range(2):
            place, step, half = (ax, bx, thing[2]) if axis == 0 else (ay, by, thing[3])
            if step == 0:
                if abs(place) > half:
                    return np.inf, -1
                continue
            first, second = (-half - place) / step, (half - place) / step
            if first > second:
                first, second = second, first
            if first > enter:
                enter, side = first, axis
            leave = min(leave, second)
    if dz == 0:
        if oz < thing[4] or oz > thing[5]:
            return np.inf, -1
    else:
        first, second = (thing[4] - oz) / dz, (thing[5] - oz) / dz
        if first > second:
            first, second = second, first
        if first > enter:
            enter, side = first, 2
        leave = min(leave, second)
    if enter > leave or enter <= 1e-6:
        return np.inf, -1
    return enter, side


@numba.njit(cache=True, nogil=True)
def hides(things: Float64s, eye: Float64s, point: Float64s) -> bool:
    """Whether one of the things, of `things_of`, stands between an eye and a point: (3,) metres each."""
    dx, dy, dz = point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]
    for row in range(len(things)):
        distance, _ = meet(things[row], eye[0], eye[1], eye[2], dx, dy, dz)
        if distance < 1.0:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _reaches(things: Float64s, sun: Float64s, radius: float, turn: int, x: float, y: float, z: float) -> float:
    """1 if a point of the sun's disc, chosen by `turn`, is seen from x, y, z, and 0 if a thing is before it."""
    angle = 2.4 * turn
    reach = radius * np.sqrt((turn + 0.5) / _SUN_TURNS)
    dx = sun[0] + reach * np.cos(angle)
    dy = sun[1] + reach * np.sin(angle)
    for row in range(len(things)):
        distance, _ = meet(things[row], x, y, z, dx, dy, sun[2])
        if distance < np.inf:
            return 0.0
    return 1.0


@numba.njit(cache=True, nogil=True)
def sunlit_levels(x: float, y: float, things: Float64s, sun: Float64s, radius: float) -> Float64s:
    """How much of the sun reaches a place on the floor, at heights SUNLIT_STEP_M apart."""
    part = np.zeros(_SUNLIT_LEVELS)
    for level in range(_SUNLIT_LEVELS):
        for turn in range(_SUN_TURNS):
            seen = _reaches(things, sun, radius, turn, x, y, level * SUNLIT_STEP_M + 0.05)
            part[level] += seen / _SUN_TURNS
    return part


@numba.njit(cache=True, nogil=True)
def corner_shade(things: Float64s, x: float, y: float, z: float, but: int) -> float:
    """Part of the sky's light left near the feet of things."""
    left = 1.0
    for row in range(len(things)):
        if row == but:
            continue
        thing = things[row]
        rx, ry = x - thing[0], y - thing[1]
        ax = abs(thing[6] * rx + thing[7] * ry)
        ay = abs(thing[6] * ry - thing[7] * rx)
        if thing[_ROUND] > 0:
            gap = max(0.0, np.sqrt(ax * ax + ay * ay) - thing[2])
        else:
            gap = np.hypot(max(0.0, ax - thing[2]), max(0.0, ay - thing[3]))
        above = max(0.0, thing[4] - z) + max(0.0, z - thing[5])
        gap = np.sqrt(gap * gap + above * above)
        if gap < 1.5:
            left *= 1 - 0.45 * np.exp(-gap / 0.22) - 0.12 * max(0.0, 1 - gap / 1.5)
    return left


@numba.njit(cache=True, nogil=True)
def sun_part(things: Float64s, sun: Float64s, radius: float, x: float, y: float, z: float) -> float:
    """Part of the sun's disc that is seen; all of its points are asked only where some at its rim differ."""
    seen = 0.0
    for turn in range(_SUN_TURNS - _SUN_RIM, _SUN_TURNS):
        seen += _reaches(things, sun, radius, turn, x, y, z)
    if seen == 0.0 or seen == _SUN_RIM:
        return seen / _SUN_RIM
    for turn in range(_SUN_TURNS - _SUN_RIM):
        seen += _reaches(things, sun, radius, turn, x, y, z)
    return seen / _SUN_TURNS
