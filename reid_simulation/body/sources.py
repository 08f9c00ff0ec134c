"""Reads the CC0 sources: meshes, shape targets, rigs, garment bindings. Only the pack script needs it.

Everything is turned at once into the project's frame: metres, x forward, y to the person's left, z up.
"""

import gzip
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

METRES = 0.1
"""Of one unit of the sources."""
AXES = [2, 0, 1]
"""Theirs: x to the left, y up, z forward."""


def to_metres(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return points[..., AXES] * METRES


@dataclass(frozen=True, slots=True, eq=False)
class Obj:
    """A mesh as it lies in its file.

    Attributes:
        vertices: (V, 3) float64, metres.
        triangles: (F, 3) int64; quads are cut in two.
        groups: (F,) names.
    """

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int64]
    groups: NDArray[np.str_]

    def group(self, *names: str) -> NDArray[np.int64]:
        return self.triangles[np.isin(self.groups, names)]


def read_obj(path: Path) -> Obj:
    vertices, triangles, groups, group = [], [], [], ""
    for words in _lines(path):
        if words[0] == "v":
            vertices.append([float(word) for word in words[1:4]])
        elif words[0] == "g":
            group = words[1]
        elif words[0] == "f":
            corners = [int(word.split("/")[0]) - 1 for word in words[1:]]
            for second, third in itertools.pairwise(corners[1:]):
                triangles.append((corners[0], second, third))
                groups.append(group)
    return Obj(to_metres(np.array(vertices)), np.array(triangles, np.int64), np.array(groups))


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """How a garment follows the body: vertex = sum of weights x base vertices + offset x size of the body.

    Attributes:
        base: (V, 3) int64, indices of base vertices.
        weights: (V, 3) float64, adding up to 1.
        offset: (V, 3) float64; metres if `scale_ends` is empty, else metres when the scale is 1.
        scale_ends: (3, 2) int64, base vertices whose distance along each of our axes gives the scale.
        scale_size: (3,) float64, metres: that distance when the scale is 1.
        hidden: (H,) int64, base vertices that lie under the garment.
    """

    base: NDArray[np.int64]
    weights: NDArray[np.float64]
    offset: NDArray[np.float64]
    scale_ends: NDArray[np.int64]
    scale_size: NDArray[np.float64]
    hidden: NDArray[np.int64]


def read_binding(path: Path) -> Binding:
    rows: list[list[float]] = []
    ends, sizes = np.zeros((3, 2), np.int64), np.ones(3)
    hidden: list[str] = []
    part = ""
    for words in _lines(path):
        axis = {"x_scale": 1, "y_scale": 2, "z_scale": 0}.get(words[0])
        if axis is not None:
            ends[axis], sizes[axis] = (int(words[1]), int(words[2])), float(words[3]) * METRES
        elif words[0] in ("verts", "delete_verts"):
            part = words[0]
        elif not (words[0][0].isdigit() or words[0] == "-"):
            part = part if part == "verts" else ""
        elif part == "verts":
            rows.append([float(word) for word in words])
        elif part == "delete_verts":
            hidden += words
    full = np.array([row if len(row) == 9 else [row[0]] * 3 + [1, 0, 0, 0, 0, 0] for row in rows])
    return Binding(
        full[:, :3].astype(np.int64), full[:, 3:6], to_metres(full[:, 6:9]), ends, sizes, _ranges(" ".join(hidden))
    )


def read_target(path: Path, count: int) -> NDArray[np.float64]:
    """Displacements of all base vertices, (count, 3) metres."""
    moved = np.zeros((count, 3))
    text = gzip.decompress(path.read_bytes()).decode()
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    if rows:
        moved[[int(row[0]) for row in rows]] = to_metres(np.array([row[1:4] for row in rows], np.float64))
    return moved


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """
    Attributes:
        names, parents: of B bones, a parent before its children; -1 for the root.
        joints: per bone the base vertices whose mean is its head.
        tails: the same for its tail.
        weights: (V, B) float64, adding up to 1.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    joints: tuple[NDArray[np.int64], ...]
    tails: tuple[NDArray[np.int64], ...]
    weights: NDArray[np.float64]


def read_rig(rig_path: Path, weights_path: Path, base: Obj) -> Rig:
    bones = json.loads(rig_path.read_text())
    names = _parents_first({name: bone["parent"] for name, bone in bones.items()})
    weights = np.zeros((len(base.vertices), len(names)))
    for name, rows in json.loads(weights_path.read_text())["weights"].items():
        for vertex, weight in rows:
            weights[vertex, names.index(name)] += weight
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)

    def joint(end: dict[str, object]) -> NDArray[np.int64]:
        return (
            np.array(end["vertex_indices"]) if "vertex_indices" in end else np.unique(base.group(str(end["cube_name"])))
        )

    return Rig(
        tuple(names),
        tuple(names.index(bones[name]["parent"]) if bones[name]["parent"] else -1 for name in names),
        tuple(joint(bones[name]["head"]) for name in names),
        tuple(joint(bones[name]["tail"]) for name in names),
        weights,
    )


def _lines(path: Path) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            yield words


def _ranges(text: str) -> NDArray[np.int64]:
    """`1 - 3 7` is 1 2 3 7."""
    words = text.split()
    numbers: list[int] = []
    for place, word in enumerate(words):
        if word == "-":
            numbers += range(int(words[place - 1]) + 1, int(words[place + 1]))
        else:
            numbers.append(int(word))
    return np.array(sorted(set(numbers)), np.int64)


def _parents_first(parents: dict[str, str]) -> list[str]:
    names: list[str] = []
    while len(names) < len(parents):
        names += sorted(name for name, above in parents.items() if name not in names and (not above or above in names))
    return names
