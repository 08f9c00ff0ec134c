"""A camera's images of people in a scene, with the truth about who is where in them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.background import background
from reid_simulation.render.sensor import Sensor
from reid_simulation.render.shading import GLOSS, REPEATS_PER_M_U, REPEATS_PER_M_V, SIZE, Textures
from reid_simulation.render.stage import Look, Posed, Rendered, Stage, Visible
from reid_simulation.render.textures import GARMENT_SIDE, textures
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.mesh import Mesh, Template
from reid_simulation.seams.scene import Scene
from reid_simulation.seams.stance import Stance

__all__ = ["COARSE", "FINE", "Dressed", "Figure", "Figures", "Rendered", "Renderer", "Visible"]

FINE, COARSE = 0, 1
# A person who is taller than this in the image is drawn in fine detail.
_FINE_PX = 420.0
# From afar nobody sees into sleeves and trouser legs.
_CLOSED_FROM_AFAR = ("upper", "lower")
_TORN_M = 0.06
_REACH_M = np.array([0.9, 0.9, 2.4])
_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)]) * _REACH_M


class Figure(Protocol):
    """One person who can be posed."""

    @property
    def template(self) -> Template: ...

    def pose(self, stance: Stance) -> Mesh: ...


Figures = Callable[[int, int], Figure]
"""Number of the person and level of detail (FINE or COARSE) to a figure."""


class Dressed:
    """Figures with their textures; keeps those asked for last."""

    def __init__(self, figures: Figures, keep: int = 128) -> None:
        self._figures, self._keep = figures, keep
        self._known: dict[tuple[int, int], tuple[Figure, Look]] = {}

    def pose(self, stance: Stance, detail: int) -> Posed:
        key = (stance.person, detail)
        known = self._known.pop(key, None)
        if known is None:
            figure = self._figures(*key)
            known = (figure, look(figure.pose(stance), detail))
        self._known[key] = known
        if len(self._known) > self._keep:
            del self._known[next(iter(self._known))]
        figure, its_look = known
        return Posed(stance, figure.pose(stance), its_look)


def look(mesh: Mesh, detail: int) -> Look:
    """Of all bodies with this template."""
    template = mesh.template
    far = _CLOSED_FROM_AFAR if detail == COARSE else ()
    is_open = np.array([surface.is_open and surface.role not in far for surface in template.surfaces])
    paints = textures(template.surfaces)
    gloss = np.zeros(len(template.uv_m), np.float32)
    gloss[template.triangles] = paints.table[template.surface, GLOSS, None]
    # Where sleeves are sewn to the trunk, a triangle would show all that lies between on the cloth, zip and print
    # included: it shows one texel.
    plain = paints.table.copy()
    plain[:, [REPEATS_PER_M_U, REPEATS_PER_M_V]] = 0
    has_print = paints.table[template.surface, SIZE] == GARMENT_SIDE
    surface = template.surface + np.where(has_print & _is_torn(mesh), len(plain), 0)
    paints = Textures(paints.texels, np.concatenate([paints.table, plain]))
    return Look(paints, surface.astype(np.uint8), is_open[template.surface], gloss)


def _is_torn(mesh: Mesh) -> NDArray[np.bool_]:
    """(F,) triangles that are much larger on the cloth than on the body."""
    template = mesh.template

    def longest(points: NDArray[np.float32]) -> NDArray[np.float32]:
        corners = points[template.triangles]
        sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
        return np.asarray(sides.max(axis=1))

    return np.asarray(longest(template.uv_m) > _TORN_M + 1.5 * longest(mesh.vertices))


class Renderer:
    """One camera in one scene. Not to be shared between threads."""

    def __init__(self, camera: Camera, scene: Scene, figures: Figures) -> None:
        self.camera, self.scene = camera, scene
        self._dressed = Dressed(figures)
        self._stage = Stage(background(scene, camera))
        self._sensor = Sensor(camera)

    def frame(self, stances: Sequence[Stance], time_s: float) -> Rendered:
        """The image at a moment; the same stances and time give the same image, bit for bit."""
        posed = [self._dressed.pose(stance, self._detail(stance)) for stance in stances if self._is_near(stance)]
        stage_image = self._stage.draw(posed, shutter_s=self.camera.shutter_s)
        image = self._sensor.develop(stage_image.image, round(time_s * self.camera.fps))
        return Rendered(image, stage_image.person_pixels, stage_image.people)

    def _detail(self, stance: Stance) -> int:
        distance = float(np.hypot(stance.x_m - self.camera.x_m, stance.y_m - self.camera.y_m))
        return FINE if self.camera.focal_px * 1.75 > _FINE_PX * distance else COARSE

    def _is_near(self, stance: Stance) -> bool:
        """Whether the image may show a part of them."""
        pixels, depth = self.camera.project(_CORNERS + np.array([stance.x_m, stance.y_m, 0.0]))
        if not (depth > 0).any():
            return False
        if not (depth > 0).all():
            return True
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        return bool((high > 0).all() and low[0] < self.camera.width and low[1] < self.camera.height)
