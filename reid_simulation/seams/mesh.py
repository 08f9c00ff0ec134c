"""A posed body as triangles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reid_simulation.seams.identity import Fabric


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles that look alike.

    Attributes:
        role: `skin`, `eyes`, `hair`, `upper`, `lower`, `outer`, `dress`, `shoes`, `socks`, `hat`, `carried`.
        fabric: what it is made of.
        is_open: can be seen from both sides: hair strips, skirts, coats.
    """

    role: str
    fabric: Fabric
    is_open: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What does not change with the pose of one person at one level of detail.

    Attributes:
        triangles: (F, 3) int32, counter-clockwise seen from outside.
        surface: (F,) uint8, index into `surfaces`.
        uv_m: (V, 2) float32, metres along the cloth: round the limb or trunk, and up. A pattern of n cm is n cm wide on
            everybody. On skin, round the head from the nose (0) and up from the chin (0), so that a face can be drawn.
        surfaces: what they are made of.
    """

    triangles: NDArray[np.int32]
    surface: NDArray[np.uint8]
    uv_m: NDArray[np.float32]
    surfaces: tuple[Surface, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A body at one moment.

    Attributes:
        template: its triangles.
        vertices: (V, 3) float32, metres in the world.
        normals: (V, 3) float32, unit length, pointing outwards.
    """

    template: Template
    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
