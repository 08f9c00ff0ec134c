"""Few numbers for all shapes: targets of the sources, and children, as a basis. Only the pack script needs it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body.packed import TARGETS
from reid_simulation.body.sources import read_target

COMPONENTS = 24


def read_targets(folder: Path, count: int) -> NDArray[np.float64]:
    """(T, count, 3) metres, in the order of `TARGETS`; the last, for children, is ours and still empty."""
    paths = {path.name.removesuffix(".target.gz"): path for path in folder.rglob("*.target.gz")}
    missing = [name for name in TARGETS[:-1] if name not in paths]
    if missing:
        raise FileNotFoundError(f"{folder} holds no target {missing[0]} (and {len(missing) - 1} more are missing)")
    return np.stack([read_target(paths[name], count) for name in TARGETS[:-1]] + [np.zeros((count, 3))])


def child(points: NDArray[np.float64], neck: NDArray[np.float64], hip_z: float) -> NDArray[np.float64]:
    """Displacements that make the proportions of an eight-year-old: larger head, shorter legs, narrow shoulders."""
    moved = np.zeros_like(points)
    is_head = np.clip((points[:, 2] - neck[2]) / 0.06, 0, 1) * (np.abs(points[:, 1]) < 0.2)
    moved += is_head[:, None] * 0.20 * (points - neck)
    below = np.maximum(hip_z - points[:, 2], 0)
    moved[:, 2] += 0.07 * below
    above = np.clip((points[:, 2] - hip_z) / 0.3, 0, 1) * (1 - is_head)
    moved[:, 1] -= 0.08 * above * np.clip(points[:, 1], -0.18, 0.18)
    return moved


def compress(targets: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Targets (T, N, 3) as mixture (T, K) times basis (K, N, 3), by singular values."""
    left, values, right = np.linalg.svd(targets.reshape(len(targets), -1), full_matrices=False)
    mixture = left[:, :COMPONENTS] * values[:COMPONENTS]
    return mixture, right[:COMPONENTS].reshape(-1, *targets.shape[1:])
