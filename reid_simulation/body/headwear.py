"""A knitted hat and a cap with a peak, cut from the scalp. Only the pack script needs it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reid_simulation.body.coordinates import HEAD, Coordinates
from reid_simulation.body.cuts import Draft, clip_cloth, join, normals_of, remove_scale
from reid_simulation.body.sources import Obj

LINE_M = {"beanie": (0.148, 0.012), "cap": (0.152, 0.016)}
"""Height of the edge above the chin at the side, and how much higher it is in front (and lower behind)."""
OFF_M = {"beanie": 0.013, "cap": 0.014}
PEAK_M = (0.075, 1.0)
"""Length of a cap's peak, and the angle to either side over which it reaches."""
PEAK_STEPS = 13


def headwear(base: Obj, at: Coordinates) -> list[Draft]:
    return [_scalp(name, base, at) for name in LINE_M]


def _scalp(name: str, base: Obj, at: Coordinates) -> Draft:
    side, front = LINE_M[name]
    line = side + front * np.cos(at.around)
    on_head = at.region == HEAD
    field = np.where(on_head, at.along_m - line, -1.0)
    body = base.group("body")
    normals = normals_of(base.vertices, body)
    draft = clip_cloth(base, body, field, OFF_M[name] * normals)
    if name == "cap":
        draft = join([draft, _peak(base, at, line)])
    return replace(draft, name=name, hidden=np.flatnonzero(on_head & (at.along_m > line + 0.004)))


def _peak(base: Obj, at: Coordinates, line: NDArray[np.float64]) -> Draft:
    """Two rows of points before the forehead, bound to it."""
    brow = np.flatnonzero((at.region == HEAD) & (np.abs(at.along_m - line) < 0.012) & (np.abs(at.around) < 1.3))
    angles = np.linspace(-PEAK_M[1], PEAK_M[1], PEAK_STEPS)
    points, offsets = [], []
    for row in range(3):
        for angle in angles:
            near = brow[np.argmin(np.abs(at.around[brow] - angle) + 3 * np.abs(at.along_m[brow] - line[brow]))]
            reach = PEAK_M[0] * row / 2 * np.cos(angle / PEAK_M[1] * np.pi / 2) ** 0.5
            out = np.array([np.cos(angle), np.sin(angle), 0.0])
            height = line[near] - at.along_m[near] + 0.004 - 0.30 * reach
            points.append(near)
            offsets.append((OFF_M["cap"] - 0.003) * out + np.array([reach, 0.0, height]))
    rows = np.arange(3 * PEAK_STEPS).reshape(3, PEAK_STEPS)
    a, b, c, d = rows[:-1, :-1].ravel(), rows[:-1, 1:].ravel(), rows[1:, 1:].ravel(), rows[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, d, c], axis=1), np.stack([a, c, b], axis=1)])
    weights = np.tile([1.0, 0.0, 0.0], (len(points), 1))
    bound = np.repeat(np.array(points)[:, None], 3, axis=1)
    return Draft("", bound, weights, np.array(offsets), triangles, np.empty(0, np.int64), *remove_scale())
