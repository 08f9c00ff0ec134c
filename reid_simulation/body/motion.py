"""Turns a captured walk into rotations of the body's bones. Only the pack script needs it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from reid_simulation.body.arms import HOLDS, hand_turns, hold, shortest_turn
from reid_simulation.body.sources import Rig

PHASES = 64
HARMONICS = 4
"""What is left of the captured cycle: higher ones are noise of the capture."""

WALK_OF_BONE = {
    "Hips": "pelvis", "LHipJoint": "pelvis", "RHipJoint": "pelvis", "Spine1": "torso", "Neck": "torso",
    "Neck1": "head", "Head": "head", "LeftShoulder": "torso", "RightShoulder": "torso",
    "LeftArm": "left_upper_arm", "RightArm": "right_upper_arm",
    "LeftUpLeg": "left_thigh", "LeftLeg": "left_shin", "RightUpLeg": "right_thigh", "RightLeg": "right_shin",
}  # fmt: skip
"""Bones that the captured skeleton has as well. Feet are placed by `gait.py`."""
HANGING = ("LeftArm", "RightArm", "LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg")
"""Bones that point straight down in the rest pose of the captured skeleton."""

ELBOW = 0.45
"""How much of the captured bend of the elbows is kept; that walker's were bent more than most."""

PITCH_KEYS = {
    0.0: 17, 0.07: 4, 0.12: 0, 0.30: 0, 0.40: -8, 0.48: -22, 0.54: -40, 0.58: -52, 0.63: -58, 0.70: -48, 0.80: -22,
    0.88: 0, 0.94: 14,
}  # fmt: skip
"""Degrees that the toes are up, over the cycle from heel strike; read off the captured feet, flat where they stand."""


def walk_cycle(path: Path, rig: Rig, heads: NDArray[np.float64], tails: NDArray[np.float64]) -> NDArray[np.float64]:
    """One cycle from the left heel's strike: (PHASES, B, 4) quaternions wxyz, global rotations from the rest pose."""
    names, rotations = _read_walk(path)
    cycle = _cycle(names, rotations)
    turns = np.tile(np.eye(3), (PHASES, len(rig.names), 1, 1))
    for bone, name in enumerate(rig.names):
        captured = WALK_OF_BONE.get(name)
        if captured is not None:
            turns[:, bone] = cycle[:, names.index(captured)]
        if name in HANGING:
            turns[:, bone] = turns[:, bone] @ shortest_turn(tails[bone] - heads[bone], np.array([0.0, 0.0, -1.0]))
    index = rig.names.index
    for side in ("Left", "Right"):
        upper, lower = (cycle[:, names.index(f"{side.lower()}_{part}_arm")] for part in ("upper", "lower"))
        bent = to_matrices(mix(to_quaternions(upper), to_quaternions(lower), ELBOW))
        straight = shortest_turn(
            heads[index(side + "Hand")] - heads[index(side + "ForeArm")], np.array([0.0, 0.0, -1.0])
        )
        for name, turn in hand_turns(side, bent @ straight, rig, heads).items():
            turns[:, index(name)] = turn
    quaternions = to_quaternions(turns)
    for name, share in (("LowerBack", 0.33), ("Spine", 0.67)):
        quaternions[:, index(name)] = mix(quaternions[:, index("Hips")], quaternions[:, index("Spine1")], share)
    quaternions[:, index("Neck")] = mix(quaternions[:, index("Spine1")], quaternions[:, index("Head")], 0.4)
    for side in ("Left", "Right"):
        shoulder, arm = index(side + "Shoulder"), index(side + "Arm")
        quaternions[:, shoulder] = mix(quaternions[:, index("Spine1")], quaternions[:, arm], 0.12)
    return quaternions


def foot_pitch() -> NDArray[np.float64]:
    """(PHASES,) radians that the toes are up."""
    keys = np.array(list(PITCH_KEYS))
    values = np.radians(list(PITCH_KEYS.values()))
    spline = PchipInterpolator(np.concatenate([keys - 1, keys, keys + 1]), np.tile(values, 3))
    pitch: NDArray[np.float64] = spline(np.arange(PHASES) / PHASES)
    return pitch


def holds(rig: Rig, heads: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Both arms in each way of `arms.HOLDS`: (B, 4) quaternions; NaN for bones that are not arms."""
    found = {}
    for name in HOLDS:
        quaternions = np.full((len(rig.names), 4), np.nan)
        for side in ("Left", "Right"):
            for bone, turn in hold(name, side, rig, heads).items():
                quaternions[rig.names.index(bone)] = to_quaternions(turn)
        found[name] = quaternions
    return found


def _read_walk(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Names, and global rotations (T, J, 3, 3), heading straight ahead; each frame stands twice in the file."""
    with np.load(path) as file:
        names, parents = [str(name) for name in file["names"]], file["parents"]
        x, y, z, w = np.moveaxis(file["rotations_xyzw"][::2].astype(np.float64), -1, 0)
    local = to_matrices(np.stack([w, x, y, z], axis=-1))
    turns = np.zeros_like(local)
    for joint, parent in enumerate(parents):
        turns[:, joint] = local[:, joint] if parent < 0 else turns[:, parent] @ local[:, joint]
    return names, turns


def _cycle(names: list[str], turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of all cycles, of left and mirrored right, as a few harmonics: (PHASES, J, 3, 3)."""
    thigh = turns[:, names.index("left_thigh"), 0, 2] - turns[:, names.index("right_thigh"), 0, 2]
    time = np.arange(len(thigh))
    periods = np.linspace(25, 40, 301)
    power = [abs(np.sum(thigh * np.exp(-2j * np.pi * time / period))) for period in periods]
    period = periods[int(np.argmax(power))]
    forward = np.angle(np.sum(-thigh * np.exp(-2j * np.pi * time / period)))
    # The thigh swings foremost a little before the heel strikes.
    phase = time / period + forward / (2 * np.pi) - 0.04
    heading = np.arctan2(turns[:, 0, 1, 0].mean(), turns[:, 0, 0, 0].mean())
    straight = np.array([[np.cos(heading), np.sin(heading), 0], [-np.sin(heading), np.cos(heading), 0], [0, 0, 1]])
    fitted = _harmonics(phase, straight @ turns)
    swapped = [names.index(_other_side(name)) for name in names]
    mirror = np.diag([1.0, -1.0, 1.0])
    mirrored = np.roll(mirror @ fitted[:, swapped] @ mirror, PHASES // 2, axis=0)
    return to_matrices(to_quaternions(fitted + mirrored))


def _harmonics(phase: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    def columns(at: NDArray[np.float64]) -> NDArray[np.float64]:
        angle = 2 * np.pi * at[:, None] * np.arange(HARMONICS + 1)
        return np.concatenate([np.cos(angle), np.sin(angle[:, 1:])], axis=1)

    factors = np.linalg.lstsq(columns(phase), values.reshape(len(values), -1), rcond=None)[0]
    return (columns(np.arange(PHASES) / PHASES) @ factors).reshape(PHASES, *values.shape[1:])


def _other_side(name: str) -> str:
    return name.replace("left", "RIGHT").replace("right", "left").replace("RIGHT", "right")


def to_quaternions(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3, 3), rotations up to scale and noise, to the nearest (..., 4) wxyz with w >= 0."""
    left, _, right = np.linalg.svd(turns)
    turns = left @ right
    xx, yy, zz = (turns[..., axis, axis] for axis in range(3))
    squares = np.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], axis=-1)
    products = np.zeros((*turns.shape[:-2], 4, 4))
    for row, column, sign_of in ((0, 1, (2, 1)), (0, 2, (0, 2)), (0, 3, (1, 0))):
        products[..., row, column] = turns[(..., *sign_of)] - turns[(..., *sign_of[::-1])]
    for row, column, ends in ((1, 2, (1, 0)), (1, 3, (0, 2)), (2, 3, (2, 1))):
        products[..., row, column] = turns[(..., *ends)] + turns[(..., *ends[::-1])]
    products += np.swapaxes(products, -1, -2)
    products[..., range(4), range(4)] = squares
    best = np.argmax(squares, axis=-1)
    quaternions = np.take_along_axis(products, best[..., None, None], axis=-2)[..., 0, :]
    quaternions *= np.where(quaternions[..., :1] < 0, -1.0, 1.0)
    normal: NDArray[np.float64] = quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True)
    return normal


def to_matrices(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 4) wxyz of unit length to (..., 3, 3)."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def mix(first: NDArray[np.float64], second: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Quaternions between two, (..., 4)."""
    near = np.where((first * second).sum(axis=-1, keepdims=True) < 0, -1.0, 1.0) * second
    between = (1 - share) * first + share * near
    unit: NDArray[np.float64] = between / np.linalg.norm(between, axis=-1, keepdims=True)
    return unit
