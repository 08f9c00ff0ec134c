"""Reads `humans.npz`, which `pack.py` wrote."""

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PATH = Path(__file__).with_name("humans.npz")

ANCESTRIES = ("african", "asian", "caucasian")
SEXES, AGES = ("female", "male"), ("young", "old")
MUSCLES = tuple(f"{level}muscle" for level in ("min", "average", "max"))
WEIGHTS = tuple(f"{level}weight" for level in ("min", "average", "max"))
HEIGHTS = ("minheight", "maxheight")
TARGETS = (
    *("-".join(parts) for parts in itertools.product(ANCESTRIES, SEXES, AGES)),
    *("universal-" + "-".join(parts) for parts in itertools.product(SEXES, AGES, MUSCLES, WEIGHTS)),
    *("-".join(parts) for parts in itertools.product(SEXES, AGES, MUSCLES, WEIGHTS, HEIGHTS)),
    "child",
)
"""Whose weights make a shape; the order of the mixture's rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """What all people share. P points: vertices of the base mesh that something is bound to, then heads of bones.

    Attributes:
        mean: (P, 3) float32, metres; x forward, y left, z up.
        basis: (K, P, 3) float32.
        mixture: (T, K) float32: a shape is mean + (weights of `TARGETS` @ mixture) @ basis.
        bones: names, B of them.
        parents: (B,) int64, a parent before its children; -1 for the root.
        joints: (B,) int64, points where the bones begin.
        skin_bones: (P, 4) int64.
        skin_weights: (P, 4) float32, adding up to 1.
        region: (P,) uint8: 0 trunk, 1 head, 2 and 3 left and right arm, 4 and 5 left and right leg.
        around: (P,) float32, radians round limb, trunk or head.
        along_m: (P,) float32, metres along them.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    mixture: NDArray[np.float32]
    bones: tuple[str, ...]
    parents: NDArray[np.int64]
    joints: NDArray[np.int64]
    skin_bones: NDArray[np.int64]
    skin_weights: NDArray[np.float32]
    region: NDArray[np.uint8]
    around: NDArray[np.float32]
    along_m: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Skin, eyes, a garment, shoes, hair: a mesh bound to the body.

    Attributes:
        points: (V, 3) int64, of the body.
        weights: (V, 3) float32, adding up to 1.
        offset: (V, 3) float32, metres at a scale of 1.
        scale_ends: (3, 2) int64, points whose distance along each axis scales the offsets; equal: no scaling.
        scale_size: (3,) float32, metres: that distance when the scale is 1.
        triangles: (F, 3) int64, at the detail asked for.
        hidden: (P,) bool, points of the body that lie under it, but for those near its edge.
        clothed: (P,) bool, points at which it is, edges and all.
    """

    points: NDArray[np.int64]
    weights: NDArray[np.float32]
    offset: NDArray[np.float32]
    scale_ends: NDArray[np.int64]
    scale_size: NDArray[np.float32]
    triangles: NDArray[np.int64]
    hidden: NDArray[np.bool_]
    clothed: NDArray[np.bool_]


@functools.cache
def body() -> Body:
    file = _file()
    steps = file["basis_step"][:, None, None]
    return Body(
        mean=file["mean"],
        basis=file["basis"].astype(np.float32) * steps,
        mixture=file["mixture"],
        bones=tuple(str(name) for name in file["bones"]),
        parents=file["parents"].astype(np.int64),
        joints=file["joints"].astype(np.int64),
        skin_bones=file["skin_bones"].astype(np.int64),
        skin_weights=_shares(file["skin_weights"]),
        region=file["region"],
        around=file["around"].astype(np.float32),
        along_m=file["along_m"].astype(np.float32),
    )


@functools.cache
def piece_names() -> tuple[str, ...]:
    return tuple(str(name) for name in _file()["pieces"])


@functools.cache
def piece(name: str, detail: int) -> Piece:
    """Detail 0 is fine, 1 is coarse; only the vertices that this detail uses are there."""
    if name not in piece_names():
        raise ValueError(f"no packed piece {name!r}; there are {', '.join(sorted(piece_names()))}")
    file = _file()
    triangles = file[f"{name}/triangles{detail}"].astype(np.int64)
    used, compact = np.unique(triangles, return_inverse=True)
    return Piece(
        points=file[f"{name}/points"][used].astype(np.int64),
        weights=file[f"{name}/weights"][used].astype(np.float32),
        offset=file[f"{name}/offset"][used].astype(np.float32),
        scale_ends=file[f"{name}/scale_ends"].astype(np.int64),
        scale_size=file[f"{name}/scale_size"].astype(np.float32),
        triangles=compact.reshape(-1, 3),
        hidden=np.unpackbits(file[f"{name}/hidden"], count=len(body().mean)).astype(np.bool_),
        clothed=np.unpackbits(file[f"{name}/clothed"], count=len(body().mean)).astype(np.bool_),
    )


@functools.cache
def motion(name: str) -> NDArray[np.float32]:
    """`walk`: (64, B, 4) quaternions wxyz, global rotations from the rest pose; `pitch`: (64,) radians that a
    foot's toes are up; the names of `arms.HOLDS`: (B, 4) quaternions, NaN for bones that are not arms."""
    array: NDArray[np.float32] = _file()[f"motion/{name}"]
    return array


@functools.cache
def _file() -> dict[str, NDArray]:  # type: ignore[type-arg]
    if not PATH.exists():
        raise FileNotFoundError(f"{PATH} is missing; write it with `python -m reid_simulation.body.pack --from FOLDER`")
    with np.load(PATH) as file:
        return dict(file)


def _shares(parts: NDArray[np.uint8]) -> NDArray[np.float32]:
    shares = parts.astype(np.float32)
    total: NDArray[np.float32] = shares / shares.sum(axis=1, keepdims=True)
    return total
