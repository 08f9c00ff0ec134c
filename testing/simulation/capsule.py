"""A man made of a few capsules, for tests that need a body and not a person."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reid_simulation.seams.identity import Colour, Fabric
from reid_simulation.seams.mesh import Mesh, Surface, Template
from reid_simulation.seams.stance import Stance

_ROUND, _RINGS = 12, 4
_COLOURS = {"lower": (40, 50, 90), "upper": (170, 60, 50), "skin": (200, 160, 140)}
# role, x, y and z of the lower and upper end, radius
_PARTS = [
    ("lower", 0.0, 0.10, 0.08, 0.0, 0.10, 0.85, 0.08),
    ("lower", 0.0, -0.10, 0.08, 0.0, -0.10, 0.85, 0.08),
    ("upper", 0.0, 0.0, 0.95, 0.0, 0.0, 1.35, 0.19),
    ("upper", 0.0, 0.26, 0.85, 0.0, 0.24, 1.40, 0.06),
    ("upper", 0.0, -0.26, 0.85, 0.0, -0.24, 1.40, 0.06),
    ("skin", 0.0, 0.0, 1.62, 0.0, 0.0, 1.68, 0.11),
]


@dataclass(frozen=True)
class CapsuleMan:
    """Stands straight, whatever the stance says he does; 1.79 m tall."""

    mesh: Mesh

    @property
    def template(self) -> Template:
        return self.mesh.template

    def pose(self, stance: Stance) -> Mesh:
        cos, sin = np.float32(np.cos(stance.heading)), np.float32(np.sin(stance.heading))
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], np.float32)
        place = np.array([stance.x_m, stance.y_m, 0], np.float32)
        return replace(self.mesh, vertices=self.mesh.vertices @ turn + place, normals=self.mesh.normals @ turn)


def capsule_man(number: int = 1, detail: int = 1) -> CapsuleMan:
    rng = np.random.default_rng(number)
    vertices, normals, triangles, surface, uv = [], [], [], [], []
    count = 0
    for role, *ends, radius in _PARTS:
        points, outwards, faces = _capsule(np.array(ends[:3]), np.array(ends[3:]), radius)
        vertices.append(points)
        normals.append(outwards)
        triangles.append(faces + count)
        surface.append(np.full(len(faces), list(_COLOURS).index(role), np.uint8))
        uv.append(np.stack([np.arctan2(outwards[:, 1], outwards[:, 0]) * radius, points[:, 2]], axis=1))
        count += len(points)
    surfaces = tuple(Surface(role, Fabric("plain", (_near(colour, rng),))) for role, colour in _COLOURS.items())
    template = Template(
        np.concatenate(triangles).astype(np.int32),
        np.concatenate(surface),
        np.concatenate(uv).astype(np.float32),
        surfaces,
    )
    return CapsuleMan(
        Mesh(template, np.concatenate(vertices).astype(np.float32), np.concatenate(normals).astype(np.float32))
    )


def _near(colour: Colour, rng: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in np.clip(np.array(colour) + rng.integers(-40, 60, 3), 0, 255))
    return red, green, blue


def _capsule(
    low: NDArray[np.float64], high: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Upright; rings from the lowest point to the highest."""
    tilts = np.concatenate([np.linspace(-np.pi / 2, 0, _RINGS), np.linspace(0, np.pi / 2, _RINGS)])
    centres = np.array([low] * _RINGS + [high] * _RINGS)
    turns = np.arange(_ROUND) * 2 * np.pi / _ROUND
    outwards = np.stack(
        [
            np.cos(tilts)[:, None] * np.cos(turns),
            np.cos(tilts)[:, None] * np.sin(turns),
            np.repeat(np.sin(tilts)[:, None], _ROUND, axis=1),
        ],
        axis=-1,
    )
    points = centres[:, None] + radius * outwards
    rows, columns = np.mgrid[: len(tilts) - 1, :_ROUND]
    a, b = rows * _ROUND + columns, rows * _ROUND + (columns + 1) % _ROUND
    c, d = a + _ROUND, b + _ROUND
    faces = np.concatenate([np.stack([a, b, d], axis=-1).reshape(-1, 3), np.stack([a, d, c], axis=-1).reshape(-1, 3)])
    return points.reshape(-1, 3), outwards.reshape(-1, 3), faces
