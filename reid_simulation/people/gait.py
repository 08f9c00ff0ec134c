"""Bones of a person who walks, stands or sits.

A captured cycle moves pelvis, trunk, head and arms. The feet are laid down by `footsteps`, and the legs follow by
inverse kinematics: so no foot slides, whatever the stride and the length of the legs.
"""

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from reid_simulation.body import packed
from reid_simulation.people.footsteps import PHASES, UNDER_HIP, Footsteps, Shoe, footsteps
from reid_simulation.seams.identity import Identity
from reid_simulation.seams.stance import Stance

STRAIGHT = 0.998
"""Longest leg of a walker, as a share of thigh and shin: a knee never locks."""
BOB = 0.38
"""Rise and fall of the pelvis, as a share of what straight legs would make of it."""
FULL_SWING = 0.45
"""Share of the pace from which steps are full; below, they blend with standing."""
IDLE_S = 5.3
"""Period of the small movements of who stands."""
STANDS = (
    ("hang", "hang"),
    ("hang", "hang"),
    ("clasp", "clasp"),
    ("pocket", "pocket"),
    ("hang", "phone"),
    ("behind", "behind"),
)
"""What left and right arm do while somebody stands."""
GRIPS = ("LeftFingerBase", "RightFingerBase")
"""Bones that begin where a hand holds something."""
LEG = ("UpLeg", "Leg", "Foot", "ToeBase")


class Gait:
    """Poses one person's bones."""

    def __init__(self, identity: Identity, heads: NDArray[np.float64], shoe: Shoe) -> None:
        """`heads`: (B, 3), where the bones begin in the rest pose, metres."""
        body = packed.body()
        self._identity = identity
        self._heads = heads
        self._parents = body.parents
        self._legs = np.array([[body.bones.index(side + part) for part in LEG] for side in ("Left", "Right")])
        self._limbs = (self._legs, np.array([body.bones.index(name) for name in GRIPS]))
        rng = np.random.default_rng([identity.number, 7])
        self._start, self._idle_phase = rng.random(2)
        self._walk, self._stand, self._sit = _styled(identity, body.bones, STANDS[rng.integers(len(STANDS))])
        self._lay(footsteps(shoe, identity.stride_m))
        self._pelvis = self._pelvis_heights()
        self._stand_pelvis = self._hip_over(self._stand_ankle, STRAIGHT)

    def _lay(self, steps: Footsteps) -> None:
        hip, knee, ankle, _ = self._heads[self._legs[0]]
        side = np.full(PHASES + 1, 0.55 * hip[1])
        self._path = np.stack([steps.ankle[:, 0], side, steps.ankle[:, 1]], axis=1)
        self._pitches, self._stand_pitch = steps.pitches, np.array([steps.stand_pitch, 0.0])
        self._stand_ankle = np.array([0.0, 0.85 * hip[1], steps.stand_z])
        self._seat = steps.stand_z + 1.02 * math.dist(knee, ankle) + self._heads[0, 2] - hip[2]
        ahead = 0.94 * math.dist(hip, knee)
        self._sit_ankles = np.array([[ahead, side * hip[1], steps.stand_z] for side in (1.1, -1.1)])

    def bones(self, stance: Stance) -> NDArray[np.float32]:
        """(B + 2, 3, 4) float32: from the rest pose to the world; see `_place`."""
        turn = 2 * math.pi * (stance.time_s / IDLE_S + self._idle_phase)
        if stance.action == "sit" and stance.speed_mps <= 0:
            return self._seated(stance)
        swing = min(stance.speed_mps / (FULL_SWING * self._identity.pace_mps), 1.0)
        swing = swing * swing * (3 - 2 * swing)
        phase = (stance.travelled_m / self._identity.stride_m + self._start) % 1.0
        quaternions = _blend(self._walk, phase * PHASES, self._stand, swing)
        ankles, pitches = _feet(self._path, self._pitches, phase, swing, self._stand_ankle, self._stand_pitch)
        height = np.interp(phase * PHASES, np.arange(PHASES + 1), self._pelvis)
        sideways = swing * 0.018 * math.sin(2 * math.pi * (phase - 0.05)) + (1 - swing) * 0.008 * math.sin(turn)
        root = np.array([0.0, sideways, swing * height + (1 - swing) * self._stand_pelvis])
        return self._placed(quaternions, root, ankles, pitches, stance)

    def _seated(self, stance: Stance) -> NDArray[np.float32]:
        """On a seat, or on the way down to it or up from it: the feet stay where they are, before the pelvis."""
        share = stance.seated * stance.seated * (3 - 2 * stance.seated)
        quaternions = _blend(np.stack((self._sit, self._sit)), 0.0, self._stand, share)
        standing = self._stand_ankle * np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
        ankles = share * self._sit_ankles + (1 - share) * standing
        root = np.array([0.0, 0.0, share * self._seat + (1 - share) * self._stand_pelvis])
        return self._placed(quaternions, root, ankles, np.tile(self._stand_pitch, (2, 1)), stance)

    def _placed(
        self,
        quaternions: NDArray[np.float64],
        root: NDArray[np.float64],
        ankles: NDArray[np.float64],
        pitches: NDArray[np.float64],
        stance: Stance,
    ) -> NDArray[np.float32]:
        where = (stance.heading, stance.x_m, stance.y_m)
        bones: NDArray[np.float32] = _place(
            quaternions, self._parents, self._heads, root, *self._limbs, ankles, pitches, *where
        )
        return bones

    def _hip_over(self, ankle: NDArray[np.float64], straight: float) -> float:
        """Height of the pelvis from which the left leg, so straight, just reaches an ankle."""
        hip, knee, rest_ankle, _ = self._heads[self._legs[0]]
        leg = straight * (math.dist(hip, knee) + math.dist(knee, rest_ankle))
        flat = math.hypot(ankle[0] - hip[0], ankle[1] - hip[1])
        return float(ankle[2] + math.sqrt(max(leg**2 - flat**2, 0.01)) - hip[2] + self._heads[0, 2])

    def _pelvis_heights(self) -> NDArray[np.float64]:
        """(PHASES + 1,) of the pelvis over the cycle: rising and falling twice, never out of a leg's reach."""
        one = np.array([self._hip_over(ankle, STRAIGHT) for ankle in self._path[:-1]])
        reach = np.minimum(one, np.roll(one, PHASES // 2))
        phases = np.arange(PHASES + 1) / PHASES
        bob = BOB * float(np.ptp(reach)) * np.cos(4 * np.pi * (phases - UNDER_HIP - 0.01))
        heights: NDArray[np.float64] = bob + (reach - bob[:-1]).min()
        return heights


def _styled(
    identity: Identity, bones: tuple[str, ...], arms: tuple[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Walk (PHASES + 1, B, 4), stand and sit (B, 4) as this person does them."""
    walk = packed.motion("walk").astype(np.float64)
    mean = _normal(walk.mean(axis=0))
    sway = np.full((len(bones), 1), identity.sway)
    held = _held(identity)
    for initial, hold in zip("LR", held, strict=True):
        if hold == "hang":
            sway[[name.startswith(initial) for name in bones]] *= 0.4
    walk = _normal(mean + sway * (walk - mean))
    walk = _with_arms(walk, bones, (_unless_hanging(held[0]), _unless_hanging(held[1])))
    standing = _with_arms(mean, bones, (held[0] or arms[0], held[1] or arms[1]))
    sitting = _with_arms(mean, bones, (_unless_hanging(held[0]) or "seat", _unless_hanging(held[1]) or "seat"))
    return np.concatenate([walk, walk[:1]]), standing, sitting


def _held(identity: Identity) -> tuple[str | None, str | None]:
    """What left and right arm must do because of what they carry."""
    kinds = {each.kind for each in identity.carried}
    left = "hang" if "hand-bag" in kinds else None
    return left, "umbrella" if "umbrella" in kinds else None


def _unless_hanging(hold: str | None) -> str | None:
    return None if hold == "hang" else hold


def _with_arms(
    quaternions: NDArray[np.float64], bones: tuple[str, ...], holds: tuple[str | None, str | None]
) -> NDArray[np.float64]:
    """(..., B, 4), left and right arm put into a packed hold; None leaves an arm as it is."""
    changed = quaternions.copy()
    for initial, hold in zip("LR", holds, strict=True):
        if hold is not None:
            turns = packed.motion(hold)
            mine = np.array([name.startswith(initial) for name in bones]) & ~np.isnan(turns[:, 0])
            changed[..., mine, :] = turns[mine]
    return changed


def _normal(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True)
    return unit


@numba.njit(cache=True)
def _blend(cycle: Any, place: float, still: Any, share: float) -> Any:
    """Quaternions (B, 4) between two phases of a cycle (PHASES + 1, B, 4), and between that and a still pose."""
    first = int(place) % PHASES
    part = place - int(place)
    mixed = np.empty_like(still)
    for bone in range(len(still)):
        near = (1 - part) * cycle[first, bone] + part * cycle[first + 1, bone]
        far = still[bone]
        if np.dot(near, far) < 0:
            far = -far
        both = share * near + (1 - share) * far
        mixed[bone] = both / math.sqrt(np.dot(both, both))
    return mixed


@numba.njit(cache=True)
def _feet(path: Any, pitches: Any, phase: float, share: float, still: Any, still_pitch: Any) -> Any:
    """Ankles (2, 3) and pitches (2, 2) of left and right, between a cycle and standing."""
    ankles, angles = np.empty((2, 3)), np.empty((2, 2))
    for side in range(2):
        place = ((phase + 0.5 * side) % 1.0) * PHASES
        first = int(place) % PHASES
        part = place - int(place)
        angles[side] = share * ((1 - part) * pitches[first] + part * pitches[first + 1]) + (1 - share) * still_pitch
        ankles[side] = share * ((1 - part) * path[first] + part * path[first + 1]) + (1 - share) * still
        if side == 1:
            ankles[side, 1] *= -1
    return ankles, angles


@numba.njit(cache=True)
def _matrix(q: Any, out: Any) -> None:
    w, x, y, z = q
    out[0, 0], out[0, 1], out[0, 2] = 1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)
    out[1, 0], out[1, 1], out[1, 2] = 2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)
    out[2, 0], out[2, 1], out[2, 2] = 2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)


@numba.njit(cache=True)
def _frame(along: Any, pole: Any) -> Any:
    """(3, 3), columns: a direction, what is left of the pole across it, and their cross product."""
    first = along / math.sqrt(np.dot(along, along))
    second = pole - np.dot(pole, first) * first
    second /= math.sqrt(np.dot(second, second))
    third = np.cross(first, second)
    frame = np.empty((3, 3))
    frame[:, 0], frame[:, 1], frame[:, 2] = first, second, third
    return frame


@numba.njit(cache=True)
def _knee(hip: Any, ankle: Any, thigh: float, shin: float, forward: Any) -> Any:
    """Where the knee is, bent forward."""
    reach = ankle - hip
    far = math.sqrt(np.dot(reach, reach))
    far = min(max(far, abs(thigh - shin) + 1e-3), thigh + shin - 1e-4)
    along = reach / math.sqrt(np.dot(reach, reach))
    share = (thigh * thigh + far * far - shin * shin) / (2 * thigh * far)
    across = forward - np.dot(forward, along) * along
    across /= math.sqrt(np.dot(across, across))
    return hip + thigh * (share * along + math.sqrt(max(1 - share * share, 0.0)) * across)


@numba.njit(cache=True)
def _place(
    quaternions: Any, parents: Any, heads: Any, root: Any, legs: Any, hands: Any, ankles: Any, pitches: Any,
    heading: float, x: float, y: float,
) -> Any:  # fmt: skip
    """(B + 2, 3, 4) float32 transforms: all bones, the legs reaching for the ankles; then what the left and the right
    hand hold upright."""
    count = len(parents)
    turns, places = np.empty((count, 3, 3)), np.empty((count, 3))
    for bone in range(count):
        _matrix(quaternions[bone], turns[bone])
    ahead = np.array([1.0, 0.0, 0.0])
    for bone in range(count):
        parent = parents[bone]
        if parent < 0:
            places[bone] = root
            continue
        places[bone] = places[parent] + turns[parent] @ (heads[bone] - heads[parent])
        for side in range(2):
            if bone == legs[side, 0]:
                hip, knee, foot, toe = legs[side]
                thigh, shin = heads[knee] - heads[hip], heads[foot] - heads[knee]
                lengths = math.sqrt(np.dot(thigh, thigh)), math.sqrt(np.dot(shin, shin))
                bend = _knee(places[hip], ankles[side], lengths[0], lengths[1], ahead)
                turns[hip] = _frame(bend - places[hip], ahead) @ _frame(thigh, ahead).T
                turns[knee] = _frame(ankles[side] - bend, ahead) @ _frame(shin, ahead).T
                for part, angle in ((foot, pitches[side, 0]), (toe, pitches[side, 1])):
                    turns[part] = np.eye(3)
                    turns[part, 0, 0] = turns[part, 2, 2] = math.cos(angle)
                    turns[part, 2, 0], turns[part, 0, 2] = math.sin(angle), -math.sin(angle)
    cosine, sine = math.cos(heading), math.sin(heading)
    spin = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    out = np.empty((count + 2, 3, 4), np.float32)
    for bone in range(count):
        turn = spin @ turns[bone]
        out[bone, :, :3] = turn
        out[bone, :, 3] = spin @ places[bone] - turn @ heads[bone]
    for side in range(2):
        hand = hands[side]
        out[count + side, :, :3] = spin
        out[count + side, :, 3] = spin @ (places[hand] - heads[hand])
    out[:, 0, 3] += np.float32(x)
    out[:, 1, 3] += np.float32(y)
    return out
