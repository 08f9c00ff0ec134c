"""Writes `humans.npz` from the CC0 sources: `python -m reid_simulation.body.pack --from FOLDER`.

What is left out: textures (ours are drawn), all but 31 bones, helpers, four fifths of the triangles.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from reid_simulation.body import motion
from reid_simulation.body.coordinates import HEAD, Coordinates, locate
from reid_simulation.body.cuts import CUTS, Draft, cut, ready
from reid_simulation.body.headwear import headwear
from reid_simulation.body.packed import PATH
from reid_simulation.body.reduce import reduce
from reid_simulation.body.shapes import child, compress, read_targets
from reid_simulation.body.skirts import part_skirt
from reid_simulation.body.sources import Obj, Rig, read_obj, read_rig

TRIANGLES = {
    "skin": (4000, 1250),
    "eyes": (60, 20),
    "socks": (300, 120),
    "hat": (400, 120),
    "beanie": (320, 110),
    "cap": (360, 130),
    "shoes": (760, 240),
    "hair": (1400, 420),
}
STRANDS = {"braid01": (1700, 900), "long01": (1500, 800)}
"""Hair of so many strands that fewer triangles would show the scalp."""
CLOTHED_M = 0.045
"""What is worn over a garment keeps away from it where it is, and so far beyond its edges."""
GARMENT_TRIANGLES = (1750, 560)
"""At detail 0 and 1."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="folder with body/, targets/, rig/ ...")
    parser.add_argument("--to", type=Path, default=PATH)
    given = parser.parse_args(arguments)
    arrays = pack(given.source)
    np.savez_compressed(given.to, **arrays)  # type: ignore[arg-type]
    print(f"{given.to}: {given.to.stat().st_size / 1e6:.2f} MB, {len(arrays['pieces'])} pieces")  # noqa: T201
    return 0


def pack(source: Path) -> dict[str, NDArray[np.generic]]:
    base = read_obj(source / "body" / "base.obj")
    rig = read_rig(source / "rig" / "rig.cmu_mb.json", source / "rig" / "weights.cmu_mb.json", base)
    part_skirt(base, rig)
    heads = np.stack([base.vertices[joint].mean(axis=0) for joint in rig.joints])
    tails = np.stack([base.vertices[joint].mean(axis=0) for joint in rig.tails])
    at = locate(base, rig, heads, tails)
    drafts = [*_bare(base), *ready(source, base), *(cut(recipe, base, at) for recipe in CUTS), *headwear(base, at)]
    reduced = {draft.name: _reduced(draft, base, at) for draft in drafts}
    used = _used(drafts, reduced)
    place = np.zeros(len(base.vertices), np.int64)
    place[used] = np.arange(len(used))

    arrays = _shape_arrays(source, base, rig, used, heads)
    arrays |= _body_arrays(rig, at, used)
    arrays |= _motion_arrays(source, rig, heads, tails)
    for draft in drafts:
        arrays |= _piece_arrays(draft, reduced[draft.name], base, place, used, len(arrays["mean"]))
    arrays["pieces"] = np.array([draft.name for draft in drafts])
    return arrays


def _bare(base: Obj) -> list[Draft]:
    """Skin and eyes: bound to their own vertices."""
    drafts = []
    for name, groups in (("skin", ["body"]), ("eyes", ["helper-l-eye", "helper-r-eye"])):
        used, compact = np.unique(base.group(*groups), return_inverse=True)
        weights = np.tile([1.0, 0.0, 0.0], (len(used), 1))
        none = np.empty(0, np.int64)
        points = np.repeat(used[:, None], 3, axis=1)
        scale = np.zeros((3, 2), np.int64), np.ones(3)
        drafts.append(Draft(name, points, weights, np.zeros((len(used), 3)), compact.reshape(-1, 3), none, *scale))
    return drafts


def _reduced(draft: Draft, base: Obj, at: Coordinates) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    kind = next((kind for kind in TRIANGLES if draft.name.startswith(kind)), None)
    if kind is None and draft.name[-2:].isdigit():
        kind = "hair"
    fine_count, coarse_count = STRANDS.get(draft.name) or (TRIANGLES[kind] if kind else GARMENT_TRIANGLES)
    placed = draft.placed(base.vertices)
    importance = np.ones(len(placed))
    if draft.name == "skin":
        importance[at.region[draft.points[:, 0]] == HEAD] = 4.0
        importance[at.height[draft.points[:, 0]] < 0.1] = 0.02
    fine = reduce(placed, draft.triangles, fine_count, importance)
    return fine, reduce(placed, fine, coarse_count, importance)


def _used(drafts: list[Draft], reduced: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]) -> NDArray[np.int64]:
    points = [draft.points[np.unique(reduced[draft.name][0])].ravel() for draft in drafts]
    return np.unique(np.concatenate([*points, *(draft.scale_ends.ravel() for draft in drafts)]))


def _shape_arrays(
    source: Path, base: Obj, rig: Rig, used: NDArray[np.int64], heads: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    targets = read_targets(source / "targets", len(base.vertices))
    joint_moves = np.stack([targets[:, joint].mean(axis=1) for joint in rig.joints], axis=1)
    points = np.concatenate([base.vertices[used], heads])
    moves = np.concatenate([targets[:, used], joint_moves], axis=1)
    index = rig.names.index
    moves[-1] = child(points, heads[index("Neck")], heads[index("LeftUpLeg")][2])
    mixture, basis = compress(moves)
    error = np.sqrt(((mixture @ basis.reshape(len(basis), -1) - moves.reshape(len(moves), -1)) ** 2).mean()) * 1000
    print(f"{len(points)} points, {len(moves)} targets; root mean square error of the basis {error:.2f} mm")  # noqa: T201
    step = np.abs(basis).max(axis=(1, 2)) / 32767
    return {
        "mean": points.astype(np.float32),
        "basis": np.round(basis / step[:, None, None]).astype(np.int16),
        "basis_step": step.astype(np.float32),
        "mixture": mixture.astype(np.float32),
        "bones": np.array(rig.names),
        "parents": np.array(rig.parents, np.int8),
        "joints": np.arange(len(used), len(points)).astype(np.uint16),
    }


def _body_arrays(rig: Rig, at: Coordinates, used: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    weights = rig.weights[used]
    bones = np.argsort(-weights, axis=1)[:, :4]
    shares = np.take_along_axis(weights, bones, axis=1)
    extra = len(rig.names)
    pad = ((0, extra), (0, 0))
    coded = np.maximum(np.round(shares / shares.sum(axis=1, keepdims=True) * 255), 0).astype(np.uint8)
    return {
        "skin_bones": np.pad(bones, pad).astype(np.uint8),
        "skin_weights": np.pad(coded, pad, constant_values=1),
        "region": np.pad(at.region[used], (0, extra)).astype(np.uint8),
        "around": np.pad(at.around[used], (0, extra)).astype(np.float16),
        "along_m": np.pad(at.along_m[used], (0, extra)).astype(np.float16),
    }


def _motion_arrays(
    source: Path, rig: Rig, heads: NDArray[np.float64], tails: NDArray[np.float64]
) -> dict[str, NDArray[np.generic]]:
    walk = motion.walk_cycle(source / "motion" / "walk_60fps.npz", rig, heads, tails)
    arrays = {"motion/walk": walk, "motion/pitch": motion.foot_pitch()}
    arrays |= {f"motion/{name}": turns for name, turns in motion.holds(rig, heads).items()}
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def _piece_arrays(
    draft: Draft,
    reduced: tuple[NDArray[np.int64], NDArray[np.int64]],
    base: Obj,
    place: NDArray[np.int64],
    used: NDArray[np.int64],
    count: int,
) -> dict[str, NDArray[np.generic]]:
    fine, coarse = reduced
    kept, compact = np.unique(fine, return_inverse=True)
    hidden = np.zeros(count, np.bool_)
    hidden[: len(used)] = np.isin(used, draft.hidden)
    clothed = np.zeros(count, np.bool_)
    clothed[: len(used)] = KDTree(draft.placed(base.vertices)).query(base.vertices[used])[0] < CLOTHED_M
    arrays: dict[str, NDArray[np.generic]] = {
        "points": place[draft.points[kept]].astype(np.uint16),
        "weights": draft.weights[kept].astype(np.float16),
        "offset": draft.offset[kept].astype(np.float16),
        "scale_ends": place[draft.scale_ends].astype(np.uint16),
        "scale_size": draft.scale_size.astype(np.float32),
        "triangles0": compact.reshape(-1, 3).astype(np.uint16),
        "triangles1": np.searchsorted(kept, coarse).astype(np.uint16),
        "hidden": np.packbits(hidden),
        "clothed": np.packbits(clothed),
    }
    return {f"{draft.name}/{name}": array for name, array in arrays.items()}


if __name__ == "__main__":
    raise SystemExit(main())
