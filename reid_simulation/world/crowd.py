"""How walkers move: along their paths, round each other and round what stands in the way, in steps of a twentieth of a
second.

A walker moves where the chest points, as people do, so that no foot slides sideways: evasion is a turn, never a push.
Who would come too near to somebody stops instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from reid_simulation.seams.scene import Box
from reid_simulation.world.plan import STEP_M, Points, obstacles

STEP_S = 0.05
APART_M = 0.42
"""Nobody comes nearer to another, from middle to middle."""
WALL_M = 0.2
"""Nor nearer to what stands on the floor."""
ROOM_M = 0.9
"""What people like to keep free between them, from middle to middle."""
PARTY_ROOM_M = 0.55
"""The same within a party."""
FORESIGHT_S = 3.0
"""Who would meet later than this is not evaded yet."""
ACCELERATION = 1.2
"""Metres per second squared."""
TURN_MAX = 2.0
"""Radians per second."""
AHEAD = 3
"""Points of the path between a walker and the one that is walked towards."""


@dataclass(slots=True, eq=False)
class Crowd:
    """The people on the floor, one row each, changed in place.

    Attributes:
        place: (N, 2) float64, metres.
        heading: (N,) float64, radians.
        turning: (N,) float64, radians per second.
        speed: (N,) float64, metres per second.
        travelled: (N,) float64, metres.
        pace: (N,) float64, metres per second that they like.
        party: (N,) int64, who walks together.
        face: (N,) float64, heading that somebody who stands turns to.
        walks: (N,) bool; the others stand where they are.
        stops: (N,) bool, whether the path ends in a stand.
        paths: (N, P, 2) float64, padded with their last point.
        ends: (N,) int64, index of the last point.
        at: (N,) int64, index of the point that has been reached.
        wish: (N, 2) float64, unit vector along the path; 0 of who stands.
    """

    place: Points
    heading: NDArray[np.float64]
    turning: NDArray[np.float64]
    speed: NDArray[np.float64]
    travelled: NDArray[np.float64]
    pace: NDArray[np.float64]
    party: NDArray[np.int64]
    face: NDArray[np.float64]
    walks: NDArray[np.bool_]
    stops: NDArray[np.bool_]
    paths: NDArray[np.float64]
    ends: NDArray[np.int64]
    at: NDArray[np.int64]
    wish: Points

    def __len__(self) -> int:
        return len(self.heading)

    def add(self, place: Sequence[float], heading: float, *, pace: float, party: int, travelled_m: float) -> None:
        """One more, who stands."""
        self.place = np.concatenate((self.place, np.array([place], np.float64)))
        self.wish = np.concatenate((self.wish, np.zeros((1, 2))))
        for name, value in (
            ("heading", heading),
            ("turning", 0.0),
            ("speed", 0.0),
            ("travelled", travelled_m),
            ("pace", pace),
            ("party", party),
            ("face", heading),
            ("walks", False),
            ("stops", False),
            ("ends", 0),
            ("at", 0),
        ):
            column = getattr(self, name)
            setattr(self, name, np.append(column, np.array(value, column.dtype)))
        self.paths = np.concatenate((self.paths, np.zeros((1, *self.paths.shape[1:]))))

    def remove(self, row: int) -> None:
        """One less; the rows behind move up."""
        for name in self.__slots__:
            setattr(self, name, np.delete(getattr(self, name), row, axis=0))

    def send(self, row: int, path: Points, *, stops: bool) -> None:
        """Sets somebody on a path."""
        missing = len(path) - self.paths.shape[1]
        if missing > 0:
            self.paths = np.pad(self.paths, ((0, 0), (0, missing), (0, 0)))
        self.paths[row] = path[-1]
        self.paths[row, : len(path)] = path
        self.ends[row], self.at[row] = len(path) - 1, 0
        self.walks[row], self.stops[row] = True, stops

    def halt(self, row: int) -> None:
        """Lets somebody stand."""
        self.walks[row] = False

    def has_arrived(self) -> NDArray[np.bool_]:
        """(N,) bool: those who walk and are at the end of their path."""
        left = np.hypot(*(self.paths[np.arange(len(self)), self.ends] - self.place).T)
        arrived: NDArray[np.bool_] = (
            self.walks & (self.at >= self.ends - 1) & (left < np.where(self.stops, 0.2, 2 * STEP_M))
        )
        return arrived

    def step(self, walls: NDArray[np.float64]) -> None:
        """Moves everybody by `STEP_S`, each after the other.

        Args:
            walls: see `walls_of`.
        """
        _step(
            self.place,
            self.heading,
            self.turning,
            self.speed,
            self.travelled,
            self.pace,
            self.party,
            self.face,
            self.walks,
            self.stops,
            self.paths,
            self.ends,
            self.at,
            self.wish,
            walls,
        )


def empty_crowd() -> Crowd:
    """Nobody."""
    return Crowd(
        place=np.empty((0, 2)),
        heading=np.empty(0),
        turning=np.empty(0),
        speed=np.empty(0),
        travelled=np.empty(0),
        pace=np.empty(0),
        party=np.empty(0, np.int64),
        face=np.empty(0),
        walks=np.empty(0, np.bool_),
        stops=np.empty(0, np.bool_),
        paths=np.empty((0, 1, 2)),
        ends=np.empty(0, np.int64),
        at=np.empty(0, np.int64),
        wish=np.empty((0, 2)),
    )


def walls_of(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """(B, 6): x, y, cosine and sine of the turn, half the width, half the depth; a cylinder has depth -1."""
    rows = [
        (
            box.x_m,
            box.y_m,
            math.cos(box.turn),
            math.sin(box.turn),
            box.width_m / 2,
            -1.0 if box.is_round else box.depth_m / 2,
        )
        for box in obstacles(boxes)
    ]
    return np.array(rows, np.float64).reshape(-1, 6)


@njit(cache=True)
def _step(  # type: ignore[no-untyped-def]
    place, heading, turning, speed, travelled, pace, party, face, walks, stops, paths, ends, at, wish, walls
):
    for i in range(len(heading)):
        if not walks[i]:
            speed[i] = max(0.0, speed[i] - ACCELERATION * STEP_S)
            wish[i] = 0.0
            _turn(i, face[i], 0.9, heading, turning)
            continue
        left_m = _follow(i, place, paths, ends, at, wish)
        want = pace[i] * _keep_together(i, party, walks, ends, at)
        if stops[i]:
            want = min(want, math.sqrt(2 * 0.6 * left_m) + 0.1)
        wish_x, wish_y = _evade_people(i, want, place, heading, speed, party, wish)
        wish_x, wish_y = _evade_walls(place[i, 0], place[i, 1], wish_x, wish_y, walls)
        off = _turn(i, math.atan2(wish_y, wish_x), TURN_MAX, heading, turning)
        want = min(want, math.hypot(wish_x, wish_y)) * max(0.0, math.cos(min(abs(off), math.pi / 2)))
        change = ACCELERATION * STEP_S
        speed[i] += min(max(want - speed[i], -2 * change), change)
        move = speed[i] * STEP_S
        x = place[i, 0] + move * math.cos(heading[i])
        y = place[i, 1] + move * math.sin(heading[i])
        if _is_free(i, x, y, place, walls):
            place[i, 0], place[i, 1] = x, y
            travelled[i] += move
        else:
            speed[i] = 0.0


@njit(cache=True)
def _turn(i, target, fastest, heading, turning):  # type: ignore[no-untyped-def]
    """Turns towards a heading, as fast as allowed and without a jerk; returns how far it still is."""
    off = (target - heading[i] + math.pi) % (2 * math.pi) - math.pi
    want = min(max(2.5 * off, -fastest), fastest)
    turning[i] += min(max(want - turning[i], -8 * STEP_S), 8 * STEP_S)
    heading[i] += turning[i] * STEP_S
    return off


@njit(cache=True)
def _follow(i, place, paths, ends, at, wish):  # type: ignore[no-untyped-def]
    """Sets the direction to a point a little ahead on the path; returns the length of the path that is left."""
    x, y = place[i, 0], place[i, 1]
    nearest, best = at[i], 1e18
    for k in range(at[i], min(at[i] + 6, ends[i]) + 1):
        square = (paths[i, k, 0] - x) ** 2 + (paths[i, k, 1] - y) ** 2
        if square < best:
            nearest, best = k, square
    at[i] = nearest
    k = min(nearest + AHEAD, ends[i])
    dx, dy = paths[i, k, 0] - x, paths[i, k, 1] - y
    far = max(math.hypot(dx, dy), 1e-6)
    wish[i, 0], wish[i, 1] = dx / far, dy / far
    return far + (ends[i] - k) * STEP_M


@njit(cache=True)
def _keep_together(i, party, walks, ends, at):  # type: ignore[no-untyped-def]
    """Factor on the pace: whoever is ahead of the others of a party waits a little, whoever is behind hurries."""
    total, count = 0.0, 0
    for j in range(len(party)):
        if party[j] == party[i] and walks[j]:
            total += ends[j] - at[j]
            count += 1
    behind_m = STEP_M * (ends[i] - at[i] - total / count)
    return min(max(1 + 0.25 * behind_m, 0.6), 1.2)


@njit(cache=True)
def _evade_people(i, want, place, heading, speed, party, wish):  # type: ignore[no-untyped-def]
    """The wished velocity, bent away from where others will be nearest and round those who are in the way now."""
    vx, vy = speed[i] * math.cos(heading[i]), speed[i] * math.sin(heading[i])
    wish_x, wish_y = want * wish[i, 0], want * wish[i, 1]
    for j in range(len(heading)):
        dx, dy = place[j, 0] - place[i, 0], place[j, 1] - place[i, 1]
        far = max(math.hypot(dx, dy), 1e-6)
        if j == i or far > 6.0:
            continue
        room = ROOM_M if party[i] != party[j] else PARTY_ROOM_M
        if far < room:
            wish_x, wish_y = _pass_by(wish_x, wish_y, dx / far, dy / far, wish[i] - wish[j], (room - far) / room)
        ux, uy = vx - speed[j] * math.cos(heading[j]), vy - speed[j] * math.sin(heading[j])
        square = ux * ux + uy * uy
        when = (dx * ux + dy * uy) / max(square, 1e-4)
        cx, cy = dx - when * ux, dy - when * uy
        miss = math.hypot(cx, cy)
        if when <= 0 or when > FORESIGHT_S or miss >= room + 0.1 or dx * wish_x + dy * wish_y <= 0:
            continue
        # To the side on which they would pass anyway; to the right if that is neither.
        sign = 1.0 if ux * cy - uy * cx < -0.02 * math.sqrt(square) else -1.0
        push = sign * 1.4 * (1 - miss / (room + 0.1)) * (1 - when / FORESIGHT_S) * (want + 0.3)
        push /= max(math.hypot(wish_x, wish_y), 1e-6)
        wish_x, wish_y = wish_x - push * wish_y, wish_y + push * wish_x
    return wish_x, wish_y


@njit(cache=True)
def _pass_by(wish_x, wish_y, to_x, to_y, relative, nearness):  # type: ignore[no-untyped-def]
    """Turns the part of a wish that leads into somebody to the side: to the same side for both who meet."""
    into = wish_x * to_x + wish_y * to_y
    if into > 0:
        sign = 1.0 if relative[0] * to_y - relative[1] * to_x < -0.05 else -1.0
        share = min(1.0, 3.0 * nearness)
        wish_x, wish_y = wish_x - share * into * (to_x + sign * to_y), wish_y - share * into * (to_y - sign * to_x)
    return wish_x - 0.5 * nearness * to_x, wish_y - 0.5 * nearness * to_y


@njit(cache=True)
def _from_wall(x, y, walls, b):  # type: ignore[no-untyped-def]
    """Distance from the footprint of a box, 0 within, and the direction away from it."""
    ox, oy = x - walls[b, 0], y - walls[b, 1]
    if walls[b, 5] < 0:
        far = max(math.hypot(ox, oy), 1e-6)
        return max(far - walls[b, 4], 0.0), ox / far, oy / far
    cos, sin = walls[b, 2], walls[b, 3]
    along, across = ox * cos + oy * sin, oy * cos - ox * sin
    out_along = along - min(max(along, -walls[b, 4]), walls[b, 4])
    out_across = across - min(max(across, -walls[b, 5]), walls[b, 5])
    far = math.hypot(out_along, out_across)
    if far < 1e-6:
        return 0.0, 0.0, 0.0
    return far, (out_along * cos - out_across * sin) / far, (out_along * sin + out_across * cos) / far


@njit(cache=True)
def _evade_walls(x, y, wish_x, wish_y, walls):  # type: ignore[no-untyped-def]
    for b in range(len(walls)):
        far, ax, ay = _from_wall(x, y, walls, b)
        if far < 0.45:
            into = -(wish_x * ax + wish_y * ay)
            if into > 0:
                share = into * min(1.0, (0.45 - far) / 0.2)
                wish_x += share * ax
                wish_y += share * ay
            wish_x += 0.6 * (0.45 - far) * ax
            wish_y += 0.6 * (0.45 - far) * ay
    return wish_x, wish_y


@njit(cache=True)
def _is_free(i, x, y, place, walls):  # type: ignore[no-untyped-def]
    """Whether somebody may step there: far enough from all, or further from them than now."""
    for j in range(len(place)):
        if j != i:
            after = math.hypot(place[j, 0] - x, place[j, 1] - y)
            if after < APART_M and after < math.hypot(place[j, 0] - place[i, 0], place[j, 1] - place[i, 1]):
                return False
    for b in range(len(walls)):
        after, _, _ = _from_wall(x, y, walls, b)
        if after < WALL_M:
            before, _, _ = _from_wall(place[i, 0], place[i, 1], walls, b)
            if after <= before:
                return False
    return True
