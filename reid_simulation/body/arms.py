"""Rotations for arms that hang, hold and rest. Only the pack script needs it.

Directions are those of a left arm, x forward, y to the left, z up; a right arm mirrors them.
"""

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body.sources import Rig

Direction = tuple[float, float, float]

HOLDS: dict[str, tuple[Direction, Direction]] = {
    "hang": ((-0.03, 0.12, -1.0), (0.14, 0.06, -1.0)),
    "clasp": ((0.10, 0.22, -1.0), (0.55, -0.62, -0.75)),
    "pocket": ((-0.18, 0.30, -1.0), (0.42, -0.08, -1.0)),
    "phone": ((0.16, 0.06, -1.0), (0.62, -0.40, 0.62)),
    "behind": ((-0.30, 0.22, -1.0), (-0.25, -0.45, -0.80)),
    "strap": ((0.10, 0.16, -1.0), (0.45, -0.18, 0.95)),
    "umbrella": ((0.28, 0.14, -1.0), (0.80, -0.10, 0.75)),
    "seat": ((0.32, 0.16, -1.0), (0.95, -0.12, -0.30)),
}
"""Directions of upper arm and forearm."""
INWARD = {"forearm": 0.45, "hand": 0.9}
"""Radians that a hanging arm is turned inwards, so that the palm faces the thigh."""
CURL = {"FingerBase": 0.35, "HandFinger1": 0.95, "Thumb": 0.25}
"""Radians that relaxed fingers are bent."""


def hold(name: str, side: str, rig: Rig, heads: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Global rotations (3, 3) from the rest pose, of all bones of one arm but the collar bone."""
    mirror = np.array([1.0, 1.0 if side == "Left" else -1.0, 1.0])
    index = rig.names.index
    arm, fore, hand = (heads[index(side + part)] for part in ("Arm", "ForeArm", "Hand"))
    upper, lower = (
        shortest_turn(b - a, np.array(d) * mirror)
        for a, b, d in zip((arm, fore), (fore, hand), HOLDS[name], strict=True)
    )
    return {side + "Arm": upper} | hand_turns(side, lower, rig, heads)


def hand_turns(
    side: str, forearm: NDArray[np.float64], rig: Rig, heads: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Forearm, hand and fingers of an arm whose forearm is turned so, (..., 3, 3): turned inwards, fingers bent."""
    sign = 1.0 if side == "Left" else -1.0
    fore, hand, base, thumb = (
        heads[rig.names.index(name)]
        for name in (f"{side}ForeArm", f"{side}Hand", f"{side}HandFinger1", f"{side[0]}Thumb")
    )
    along, ahead = hand - fore, base - hand
    palm = sign * np.cross(ahead, thumb - hand)
    across = np.cross(ahead, palm)
    turned = {part: forearm @ about(along, -sign * angle) for part, angle in INWARD.items()}
    turns = {f"{side}ForeArm": turned["forearm"], f"{side}Hand": turned["hand"]}
    for part, angle in CURL.items():
        name = f"{side[0]}Thumb" if part == "Thumb" else side + part
        turns[name] = turned["hand"] @ about(across, angle)
    return turns


def about(axis: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    """Rotation (3, 3) about an axis, by Rodrigues' formula."""
    x, y, z = axis / np.linalg.norm(axis)
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn: NDArray[np.float64] = np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew
    return turn


def shortest_turn(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation (3, 3) that takes one direction to another by the shortest way."""
    a, b = source / np.linalg.norm(source), target / np.linalg.norm(target)
    cross = np.cross(a, b)
    skew = np.array([[0, -cross[2], cross[1]], [cross[2], 0, -cross[0]], [-cross[1], cross[0], 0]])
    turn: NDArray[np.float64] = np.eye(3) + skew + skew @ skew / (1 + a @ b)
    return turn
