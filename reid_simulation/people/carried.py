"""Things that people carry, built where the body in its rest pose has room for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reid_simulation.body import packed

Floats = NDArray[np.float32]
STRAP_M = 0.035
REACH_M = 0.09
"""Farther than this from cloth there is nothing to lie on."""
ROOM_M = 0.010
"""Between cloth and strap."""
TRUNK = (
    "Hips", "LHipJoint", "RHipJoint", "LowerBack", "Spine", "Spine1", "LeftShoulder", "RightShoulder", "LeftUpLeg",
    "RightUpLeg",
)  # fmt: skip
"""Bones whose skin and clothes a strap may lie on."""


@dataclass(frozen=True, slots=True, eq=False)
class Dressed:
    """Skin and clothes in the rest pose: rest (V, 3), bones (V, 4), weights (V, 4), as in `Thing`."""

    rest: Floats
    bones: NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """
    Attributes:
        rest: (V, 3) float32, metres, where it is in the body's rest pose.
        bones: (V, 4) int64; past the bones of the body come its left and right grip, which stay upright.
        weights: (V, 4) float32.
        triangles: (F, 3) int64.
        uv_m: (V, 2) float32.
    """

    rest: Floats
    bones: NDArray[np.int64]
    weights: Floats
    triangles: NDArray[np.int64]
    uv_m: Floats


def build(kind: str, points: Floats, dressed: Dressed, scale: float, detail: int, *, is_left: bool) -> Thing:
    """`points`: (P, 3) of `shape.shaped`; `scale`: 1 for somebody of 1.7 m; `is_left`: the side of a shoulder bag."""
    torso = _Torso(points, dressed, scale)
    match kind:
        case "backpack":
            return _backpack(torso, scale, detail)
        case "shoulder-bag":
            return _shoulder_bag(torso, scale, detail, 1.0 if is_left else -1.0)
        case "hand-bag":
            return _hand_bag(torso, scale, detail)
        case "umbrella":
            return _umbrella(torso, detail)
    raise ValueError(f"nothing to carry is called {kind!r}")


class _Torso:
    """Where chest, back and hips are, clothes and all, to lay straps on."""

    def __init__(self, points: Floats, dressed: Dressed, scale: float) -> None:
        body = packed.body()
        self.scale = scale
        self.joints = {name: points[joint] for name, joint in zip(body.bones, body.joints, strict=True)}
        is_trunk = np.isin(dressed.bones[:, 0], [body.bones.index(name) for name in TRUNK])
        self._trunk = dressed.rest[is_trunk]
        self._bones, self._weights = dressed.bones[is_trunk], dressed.weights[is_trunk]
        self._tree = KDTree(self._trunk)

    def front(self, y: float, z: float, sign: float) -> float:
        """x of chest (sign 1) or back (-1) there, with room for a strap; NaN beside the trunk."""
        half = self._trunk[sign * (self._trunk[:, 0] - self.joints["Spine"][0]) > 0]
        away = np.hypot(half[:, 1] - y, half[:, 2] - z)
        if away.min() > REACH_M:
            return float("nan")
        near = away <= max(0.04 * self.scale, away.min())
        return float(sign * ((sign * half[near, 0]).max() + ROOM_M))

    def top(self, y: float) -> float:
        """z of the shoulder at this distance from the neck."""
        away = np.abs(self._trunk[:, 1] - y)
        return float(self._trunk[away < 0.03 * self.scale, 2].max() + ROOM_M)

    def side(self, z: float) -> float:
        """Half the width of the trunk there."""
        away = np.abs(self._trunk[:, 2] - z)
        return float(np.abs(self._trunk[away < 0.05 * self.scale, 1]).max() + ROOM_M)

    def skinning(self, rest: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Bones and weights of the nearest cloth or skin."""
        nearest = self._tree.query(rest)[1]
        return self._bones[nearest], self._weights[nearest]


def _backpack(torso: _Torso, scale: float, detail: int) -> Thing:
    size = np.array([0.17, 0.30, 0.44]) * min(1.0, 0.55 + 0.45 * scale)
    top = torso.joints["Neck"][2] - 0.03 * scale
    back = min(torso.front(y, top - h * size[2], -1) for y in (-0.06, 0.0, 0.06) for h in (0.25, 0.5))
    centre = np.array([back - 0.42 * size[0], 0.0, top - 0.5 * size[2]])
    parts = [_rigid(_pillow(size, centre, detail), "Spine1"), _rigid(_pocket(size, centre, detail), "Spine1")]
    for sign in (1.0, -1.0):
        y = sign * 0.095 * scale
        path = [(back, y, top - 0.10 * scale), *_over_shoulder(torso, y, top - 0.28 * scale)]
        low = top - 0.34 * scale
        path += [(0.02, sign * (torso.side(low) + 0.005), low), (back, y, top - 0.40 * scale)]
        parts.append(_laid(torso, _ribbon(np.array(path), np.array([0.0, 1.0, 0.0]), STRAP_M * scale)))
    return _joined(parts)


def _shoulder_bag(torso: _Torso, scale: float, detail: int, sign: float) -> Thing:
    size = np.array([0.30, 0.10, 0.24]) * min(1.0, 0.5 + 0.5 * scale)
    hips = torso.joints["LeftUpLeg"]
    low = hips[2] - 0.02 * scale
    y = sign * (torso.side(low + 0.05) + 0.4 * size[1])
    centre = np.array([hips[0] - 0.02, y, low])
    over = -0.085 * sign * scale
    rim = low + 0.45 * size[2]
    shoulder = torso.top(over)
    path = [(centre[0] + 0.4 * size[0], y, rim)]
    path += _across(torso, (y, rim), (over, shoulder), 1.0)
    path.append((torso.joints["LeftArm"][0], over, shoulder))
    path += _across(torso, (y, rim), (over, shoulder), -1.0)[::-1]
    path.append((centre[0] - 0.4 * size[0], y, rim))
    strap = _ribbon(np.array(path), np.array([0.0, 0.5 * sign, 0.5]), 0.8 * STRAP_M * scale)
    return _joined([_rigid(_pillow(size, centre, detail), "Hips"), _laid(torso, strap)])


def _hand_bag(torso: _Torso, scale: float, detail: int) -> Thing:
    size = np.array([0.34, 0.11, 0.25]) * min(1.0, 0.5 + 0.5 * scale)
    grip = torso.joints["LeftFingerBase"]
    hang = 0.13 * scale
    bag = _pillow(size, grip - [0.0, 0.0, hang + 0.5 * size[2]], detail)
    angles = np.linspace(-1.2, 1.2, 9)
    handle = np.stack([0.09 * np.sin(angles), 0 * angles, hang * np.cos(angles) - hang - 0.005], axis=1) + grip
    return _joined([_upright(part, 0) for part in (bag, _ribbon(handle, np.array([0.0, 1.0, 0.0]), 0.025))])


def _umbrella(torso: _Torso, detail: int) -> Thing:
    grip = torso.joints["RightFingerBase"]
    height, radius, ribs = 0.78, 0.52, 8 if detail else 16
    rows = []
    for share in (0.0, 0.35, 0.7, 1.0):
        angles = np.arange(ribs) * 2 * np.pi / ribs
        ring = radius * share * (1 - 0.04 * (share == 1.0) * (np.arange(ribs) % 2))
        rows.append(
            np.stack([ring * np.cos(angles), ring * np.sin(angles), height - 0.20 * share**2 + 0 * angles], axis=1)
        )
    along = np.array([-0.16, 0.10, height])
    canopy = _grid(np.stack(rows) + grip + along * [1, 1, 0], closed=True, turned=True)
    shaft = _tube(grip - 0.12 * along, grip + 1.06 * along, 0.011)
    return _joined([_upright(part, 1) for part in (canopy, shaft)])


def _over_shoulder(torso: _Torso, y: float, low: float) -> list[tuple[float, float, float]]:
    """Up from behind, over the shoulder and down the chest."""
    shoulder = torso.top(y)
    middle = torso.joints["LeftArm"][0]
    path = [(middle - 0.05, y, shoulder - 0.012), (middle, y, shoulder), (middle + 0.04, y, shoulder - 0.012)]
    for z in np.linspace(shoulder - 0.06, low, 5):
        x = torso.front(y, z, 1.0)
        if not np.isnan(x):
            path.append((x, y, float(z)))
    return path


def _across(
    torso: _Torso, start: tuple[float, float], end: tuple[float, float], sign: float
) -> list[tuple[float, float, float]]:
    """From hip to shoulder over chest (sign 1) or back (-1); y and z of both ends."""
    path = []
    for share in np.linspace(0.15, 0.92, 9):
        y, z = (float((1 - share) * a + share * b) for a, b in zip(start, end, strict=True))
        x = torso.front(y, z, sign)
        if not np.isnan(x):
            path.append((x, y, z))
    return path


_Shape = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]
"""Vertices, triangles, uv in metres."""


def _pillow(size: NDArray[np.float64], centre: NDArray[np.float64], detail: int) -> _Shape:
    """A box with round edges."""
    steps = (7, 12) if detail else (9, 20)
    rows = []
    for rise in np.linspace(-np.pi / 2, np.pi / 2, steps[0]):
        turn = np.arange(steps[1]) * 2 * np.pi / steps[1]
        ring = np.stack([np.cos(rise) * np.cos(turn), np.cos(rise) * np.sin(turn), np.sin(rise) + 0 * turn], axis=1)
        rows.append(np.sign(ring) * np.abs(ring) ** 0.38 * size / 2)
    return _grid(np.stack(rows) + centre, closed=True, turned=False)


def _pocket(size: NDArray[np.float64], centre: NDArray[np.float64], detail: int) -> _Shape:
    small = size * [0.45, 0.72, 0.42]
    return _pillow(small, centre - [0.45 * size[0], 0.0, 0.2 * size[2]], detail)


def _tube(start: NDArray[np.float64], end: NDArray[np.float64], radius: float) -> _Shape:
    angles = np.arange(6) * np.pi / 3
    ring = radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return _grid(np.stack([start + ring, end + ring]), closed=True, turned=False)


def _ribbon(path: NDArray[np.float64], across: NDArray[np.float64], width: float) -> _Shape:
    half = across / np.linalg.norm(across) * width / 2
    return _grid(np.stack([path + half, path - half]), closed=False, turned=True)


def _grid(rows: NDArray[np.float64], *, closed: bool, turned: bool) -> _Shape:
    """Rows (R, C, 3) of points joined to a surface; `closed` joins the last column to the first."""
    count = len(rows)
    wide = np.concatenate([rows, rows[:, :1]], axis=1) if closed else rows
    index = np.arange(count * wide.shape[1]).reshape(count, -1)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, 1:].ravel(), index[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    along = np.linalg.norm(np.diff(wide, axis=1), axis=2).max(axis=0)
    up = np.linalg.norm(np.diff(wide, axis=0), axis=2).max(axis=1)
    u, v = np.concatenate([[0.0], np.cumsum(along)]), np.concatenate([[0.0], np.cumsum(up)])
    uv = np.stack(np.broadcast_arrays(u[None, :], v[:, None]), axis=-1).reshape(-1, 2)
    return wide.reshape(-1, 3), triangles[:, ::-1] if turned else triangles, uv


def _rigid(shape: _Shape, bone: str) -> Thing:
    return _bound(shape, packed.body().bones.index(bone))


def _upright(shape: _Shape, hand: int) -> Thing:
    """Held by the left (0) or right (1) hand, never tilted."""
    return _bound(shape, len(packed.body().bones) + hand)


def _bound(shape: _Shape, bone: int) -> Thing:
    vertices, triangles, uv = shape
    weights = np.tile(np.array([1, 0, 0, 0], np.float32), (len(vertices), 1))
    bones = np.tile(np.array([bone, 0, 0, 0]), (len(vertices), 1))
    return Thing(vertices.astype(np.float32), bones, weights, triangles, uv.astype(np.float32))


def _laid(torso: _Torso, shape: _Shape) -> Thing:
    vertices, triangles, uv = shape
    rest = vertices.astype(np.float32)
    return Thing(rest, *torso.skinning(rest), triangles, uv.astype(np.float32))


def _joined(things: list[Thing]) -> Thing:
    starts = np.cumsum([0] + [len(thing.rest) for thing in things])
    return Thing(
        np.concatenate([thing.rest for thing in things]),
        np.concatenate([thing.bones for thing in things]),
        np.concatenate([thing.weights for thing in things]),
        np.concatenate([thing.triangles + start for thing, start in zip(things, starts, strict=False)]),
        np.concatenate([thing.uv_m for thing in things]),
    )
