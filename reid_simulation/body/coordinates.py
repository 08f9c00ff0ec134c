"""Where a vertex is on the body, so that garments can be cut and cloth unrolled. Only the pack script needs it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body.sources import Obj, Rig

TRUNK, HEAD, LEFT_ARM, RIGHT_ARM, LEFT_LEG, RIGHT_LEG = range(6)
NECK_ENDS, SHOULDER_ENDS = 0.5, 0.5
"""Share of the skin weights from which a vertex belongs to the limb."""


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """
    Attributes:
        region: (V,) one of the six.
        arm: (V,) along the arm: 0 shoulder, 1 elbow, 2 wrist; -1 off the arm.
        height: (V,) 0 ankle, 1 knee, 2 hip, 3 base of the neck; on the arm, that of the shoulder.
        around: (V,) radians round limb, trunk or head: 0 in front, growing to the left.
        along_m: (V,) metres up; on the arm, down from the shoulder; on the head, up from the chin.
    """

    region: NDArray[np.int64]
    arm: NDArray[np.float64]
    height: NDArray[np.float64]
    around: NDArray[np.float64]
    along_m: NDArray[np.float64]


def locate(base: Obj, rig: Rig, heads: NDArray[np.float64], tails: NDArray[np.float64]) -> Coordinates:
    points = base.vertices
    region = _regions(base, rig)
    index = rig.names.index
    joints = {name: heads[index(name)] for name in rig.names}
    ladder = [joints["LeftFoot"][2], joints["LeftLeg"][2], joints["LeftUpLeg"][2], joints["Neck"][2]]
    height = np.interp(points[:, 2], ladder, range(4))
    height += (points[:, 2] - np.clip(points[:, 2], ladder[0], ladder[-1])) / 0.4
    around = np.arctan2(points[:, 1], points[:, 0] - _spine(base, points[:, 2]))
    along_m = points[:, 2].copy()
    arm = np.full(len(points), -1.0)

    on_head = region == HEAD
    face = on_head & (np.abs(points[:, 1]) < 0.01)
    nose = points[face][np.argmax(points[face, 0])]
    chin = points[face & (points[:, 0] > nose[0] - 0.05), 2].min()
    centre = nose[0] - 0.11
    around[on_head] = np.arctan2(points[on_head, 1], points[on_head, 0] - centre)
    along_m[on_head] -= chin

    for side, limb in (("Left", LEFT_ARM), ("Right", RIGHT_ARM)):
        on = region == limb
        chain = np.stack([joints[side + "Arm"], joints[side + "ForeArm"], joints[side + "Hand"]])
        arm[on], along_m[on], around[on] = _along_arm(points[on], chain)
        height[on] = 2.9
    for side, limb in (("Left", LEFT_LEG), ("Right", RIGHT_LEG)):
        on = region == limb
        chain = np.stack([joints[side + "Foot"], joints[side + "Leg"], joints[side + "UpLeg"]])
        middle = np.stack([np.interp(points[on, 2], chain[:, 2], chain[:, axis]) for axis in range(2)], axis=1)
        around[on] = np.arctan2(points[on, 1] - middle[:, 1], points[on, 0] - middle[:, 0])
    return Coordinates(region, arm, height, around, along_m)


def _regions(base: Obj, rig: Rig) -> NDArray[np.int64]:
    def share(*names: str) -> NDArray[np.float64]:
        found: NDArray[np.float64] = rig.weights[:, [rig.names.index(name) for name in names]].sum(axis=1)
        return found

    region = np.full(len(base.vertices), TRUNK)
    region[share("Head", "Neck1", "Neck") > NECK_ENDS] = HEAD
    for side, arm, leg in (("Left", LEFT_ARM, LEFT_LEG), ("Right", RIGHT_ARM, RIGHT_LEG)):
        parts = ("Arm", "ForeArm", "Hand", "FingerBase", "HandFinger1")
        region[share(*(side + part for part in parts), side[0] + "Thumb") > SHOULDER_ENDS] = arm
        region[share(*(side + part for part in ("UpLeg", "Leg", "Foot", "ToeBase"))) > 0.5] = leg
    region[np.unique(base.group("helper-skirt"))] = TRUNK
    return region


def _spine(base: Obj, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of the trunk from front to back, at these heights."""
    trunk = base.vertices[np.unique(base.group("helper-tights"))]
    trunk = trunk[np.abs(trunk[:, 1]) < 0.12]
    levels = np.linspace(trunk[:, 2].min(), trunk[:, 2].max(), 40)
    middles = []
    for level in levels:
        ring = trunk[np.abs(trunk[:, 2] - level) < 0.04, 0]
        middles.append((ring.min() + ring.max()) / 2)
    return np.asarray(np.interp(z, levels, middles))


def _along_arm(
    points: NDArray[np.float64], chain: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Position on the arm, metres down from the shoulder, and angle round the bone: 0 in front, growing outwards."""
    bones = np.diff(chain, axis=0)
    lengths = np.linalg.norm(bones, axis=1)
    shares = [((points - chain[part]) @ bones[part]) / lengths[part] ** 2 for part in range(2)]
    lower = shares[0] > 1
    share = np.where(lower, 1 + np.maximum(shares[1], 0), np.minimum(shares[0], 1))
    metres = np.where(lower, lengths[0] + (share - 1) * lengths[1], share * lengths[0])
    part = lower.astype(np.int64)
    middle = chain[part] + (share - part)[:, None] * bones[part]
    whole = (chain[2] - chain[0]) / np.linalg.norm(chain[2] - chain[0])
    front = np.array([1.0, 0.0, 0.0]) - whole[0] * whole
    front /= np.linalg.norm(front)
    side = np.cross(whole, front)
    away = points - middle
    return share, -metres, np.arctan2(away @ side, away @ front)
