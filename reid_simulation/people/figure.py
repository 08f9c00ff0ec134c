"""A person as triangles, in any stance."""

from typing import Any

import numba
import numpy as np

from reid_simulation.body import packed
from reid_simulation.people.gait import Gait
from reid_simulation.people.outfit import dress
from reid_simulation.people.shape import shape_body
from reid_simulation.seams.identity import Identity
from reid_simulation.seams.mesh import Mesh, Template
from reid_simulation.seams.stance import Stance


class Figure:
    """One identity at one level of detail: 0 is fine (about 7000 triangles), 1 coarse (about 2200)."""

    def __init__(self, identity: Identity, detail: int) -> None:
        body = packed.body()
        points = shape_body(identity)
        outfit = dress(identity, points, detail)
        self._rest, self._bones, self._weights = outfit.rest, outfit.bones, outfit.weights
        self._triangles, self._twin = outfit.triangles, outfit.twin
        self._gait = Gait(identity, points[body.joints].astype(np.float64), outfit.shoe)
        self.template: Template = outfit.template

    def pose(self, stance: Stance) -> Mesh:
        vertices, normals = _skinned(self._rest, self._bones, self._weights, self._gait.bones(stance), self._triangles)
        return Mesh(self.template, vertices[self._twin], normals[self._twin])


@numba.njit(cache=True, fastmath=True)
def _skinned(rest: Any, bones: Any, weights: Any, transforms: Any, triangles: Any) -> Any:
    """Vertices and unit normals, (V, 3) float32 each, of linear blend skinning.

    Loh, Thalmann and many others; the form is that of Lewis, Cordner and Fong, "Pose Space Deformation", 2000, eq. 2.
    """
    count = len(rest)
    vertices, normals = np.empty((count, 3), np.float32), np.zeros((count, 3), np.float32)
    for vertex in range(count):
        x, y, z = rest[vertex]
        for axis in range(3):
            total = np.float32(0)
            for slot in range(4):
                row = transforms[bones[vertex, slot], axis]
                total += weights[vertex, slot] * (row[0] * x + row[1] * y + row[2] * z + row[3])
            vertices[vertex, axis] = total
    for face in range(len(triangles)):
        i, j, k = triangles[face]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for corner in (i, j, k):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for vertex in range(count):
        x, y, z = normals[vertex]
        length = np.sqrt(x * x + y * y + z * z) + np.float32(1e-12)
        normals[vertex, 0], normals[vertex, 1], normals[vertex, 2] = x / length, y / length, z / length
    return vertices, normals
