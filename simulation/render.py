"""A camera's pictures of people in a scene, with the truth about who is where in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np
from numpy.typing import NDArray

from simulation.background import background, sunlit
from simulation.cameras import Camera
from simulation.mesh import Mesh, Template
from simulation.raster import NOBODY, SAMPLES, Float32s, Int32s, Samples, clear, merge, project, rasterise
from simulation.scene import Scene
from simulation.sensor import Sensor
from simulation.shading import Body, Bytes, Textures, paint
from simulation.shadows import Shadows
from simulation.stance import Stance
from simulation.textures import textures

Box = tuple[float, float, float, float]
"""x1 y1 x2 y2 in pixels."""

FINE, COARSE = 0, 1
# A person who is taller than this in the picture is drawn in fine detail.
_FINE_PX = 260.0
_MIDDLE_M = 0.9
_REACH_M = np.array([0.9, 0.9, 2.4])
# A body that the picture cuts is drawn whole into a window this large, to see how much is missing.
_WHOLE_SIDE = 400.0


class Figure(Protocol):
    """One person who can be posed."""

    @property
    def template(self) -> Template: ...

    def pose(self, stance: Stance) -> Mesh: ...


Figures = Callable[[int, int], Figure]
"""Number of the person and level of detail (FINE or COARSE) to a figure; asked once for each."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Somebody in a picture.

    Attributes:
        person: number of the identity.
        box: around the whole body, also where something hides it or the picture ends.
        visible_box: around what is to be seen, inside the picture; None where nothing is.
        visibility: part of the body's samples that is seen, of those that it would have alone and uncut.
        distance_m: from the camera to the body's middle.
    """

    person: int
    box: Box
    visible_box: Box | None
    visibility: float
    distance_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """
    Attributes:
        image: (H, W, 3) uint8 RGB, as the camera hands it on.
        person_pixels: (H, W) int32, number of the person who fills most of a pixel, 0 where nobody does.
        people: those whose box is in the picture, nearest first.
    """

    image: Bytes
    person_pixels: Int32s
    people: tuple[Visible, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A body whose samples are merged.

    Attributes:
        window: left, top, right, bottom in samples, inside the picture.
        whole: how many samples it would have alone and uncut.
    """

    stance: Stance
    distance_m: float
    box: Box
    body: Body
    mesh: Mesh
    window: tuple[int, int, int, int]
    whole: float


class Renderer:
    """One camera in one scene. Not to be shared between threads."""

    def __init__(self, camera: Camera, scene: Scene, figures: Figures) -> None:
        self.camera, self.scene = camera, scene
        self._figures = figures
        self._background = background(scene, camera)
        self._shadows = Shadows(camera, self._background, is_indoors=scene.is_indoors)
        self._sensor = Sensor(camera)
        self._samples = Samples.over(self._background.nearness)
        self._window_nearness = np.zeros(self._background.nearness.size, np.float32)
        self._window_triangle = np.zeros(self._background.nearness.size, np.int32)
        self._dirty: list[tuple[int, int, int, int]] = []
        self._known: dict[tuple[int, int], tuple[Figure, Textures, NDArray[np.bool_]]] = {}

    def frame(self, stances: Sequence[Stance], time_s: float) -> Rendered:
        """The picture at a moment; the same stances and time give the same picture, bit for bit."""
        for window in self._dirty:
            clear(self._background.nearness, self._samples.nearness, self._samples.owner, *window)
        near = sorted((stance for stance in stances if self._is_near(stance)), key=self._distance)
        drawn: list[_Drawn] = []
        for stance in near:
            body = self._draw(len(drawn), stance)
            if body is not None:
                drawn.append(body)
        self._dirty = [each.window for each in drawn]
        image, people = self._paint(drawn)
        image = self._sensor.develop(image, round(time_s * self.camera.fps))
        return Rendered(image, self._person_pixels(drawn), tuple(people))

    def _distance(self, stance: Stance) -> float:
        place = np.array([stance.x_m, stance.y_m, _MIDDLE_M])
        return float(np.linalg.norm(place - self.camera.position_m))

    def _is_near(self, stance: Stance) -> bool:
        """Whether the picture may show a part of them."""
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (0, 1)]) * _REACH_M
        pixels, depth = self.camera.project(corners + np.array([stance.x_m, stance.y_m, 0.0]))
        if not (depth > 0).any():
            return False
        if not (depth > 0).all():
            return True
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        return bool((high > 0).all() and low[0] < self.camera.width and low[1] < self.camera.height)

    def _figure(self, person: int, detail: int) -> tuple[Figure, Textures, NDArray[np.bool_]]:
        key = (person, detail)
        if key not in self._known:
            figure = self._figures(person, detail)
            template = figure.template
            is_open = np.array([surface.is_open for surface in template.surfaces])[template.surface]
            self._known[key] = (figure, textures(template.surfaces), is_open)
        return self._known[key]

    def _draw(self, row: int, stance: Stance) -> _Drawn | None:
        camera = self.camera
        distance = self._distance(stance)
        detail = FINE if camera.focal_px * 1.75 > _FINE_PX * distance else COARSE
        figure, paints, is_open = self._figure(stance.person, detail)
        mesh = figure.pose(stance)
        screen, box = project(mesh.vertices, camera.position_m, camera.rotation, camera.lens)
        window = self._window(box)
        if window is None:
            return None
        left, top, right, bottom = window
        nearness, triangle = self._scratch(right - left, bottom - top)
        covered = rasterise(screen, mesh.template.triangles, is_open, left, top, float(SAMPLES), nearness, triangle)
        samples = self._samples
        merge(nearness, triangle, left, top, row, samples.nearness, samples.owner, samples.triangle)
        whole = float(covered)
        if covered and not self._holds(box):
            whole *= _cut_factor(screen, mesh.template.triangles, is_open, box, camera)
        body = Body(
            screen, mesh.vertices, mesh.normals, mesh.template.uv_m, mesh.template.triangles, mesh.template.surface,
            paints.texels, paints.table, sunlit(self.scene, stance.x_m, stance.y_m),
        )  # fmt: skip
        x1, y1, x2, y2 = (float(value) for value in box)
        return _Drawn(stance, distance, (x1, y1, x2, y2), body, mesh, window, whole)

    def _window(self, box: NDArray[np.float64]) -> tuple[int, int, int, int] | None:
        """The part of a box that is inside the picture, in samples."""
        if box[0] > box[2]:
            return None
        left, top = (int(np.floor(max(0.0, value) * SAMPLES)) for value in box[:2])
        right = int(np.ceil(min(float(self.camera.width), box[2]) * SAMPLES))
        bottom = int(np.ceil(min(float(self.camera.height), box[3]) * SAMPLES))
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _holds(self, box: NDArray[np.float64]) -> bool:
        return bool((box[:2] >= 0).all() and box[2] <= self.camera.width and box[3] <= self.camera.height)

    def _scratch(self, width: int, height: int) -> tuple[Float32s, Int32s]:
        size = width * height
        return self._window_nearness[:size].reshape(height, width), self._window_triangle[:size].reshape(height, width)

    def _paint(self, drawn: list[_Drawn]) -> tuple[Bytes, list[Visible]]:
        base = self._background.image.copy()
        for each in drawn:
            self._shadows.cast(base, each.mesh, each.stance.heading, float(each.body.sunlit[0]))
        image = base.copy()
        people = []
        for row, each in enumerate(drawn):
            left, top, right, bottom = each.window
            pixels = (left // SAMPLES, top // SAMPLES, -(-right // SAMPLES), -(-bottom // SAMPLES))
            samples = self._samples
            count, x1, y1, x2, y2 = paint(
                row, samples.owner, samples.triangle, *pixels, each.body,
                self._background.lamp, self._background.dimming, base, image,
            )  # fmt: skip
            seen = (x1 / SAMPLES, y1 / SAMPLES, x2 / SAMPLES, y2 / SAMPLES) if count else None
            visibility = min(1.0, count / each.whole) if count else 0.0
            people.append(Visible(each.stance.person, each.box, seen, visibility, each.distance_m))
        return image, people

    def _person_pixels(self, drawn: list[_Drawn]) -> Int32s:
        numbers = np.array([each.stance.person for each in drawn] + [0], np.int32)
        pixels = np.zeros((self.camera.height, self.camera.width), np.int32)
        for each in drawn:
            left, top, right, bottom = (value // SAMPLES for value in each.window)
            rows, columns = slice(top, bottom + 1), slice(left, right + 1)
            corners = self._samples.owner[
                SAMPLES * top : SAMPLES * (bottom + 1), SAMPLES * left : SAMPLES * (right + 1)
            ]
            pixels[rows, columns] = numbers[_most(corners)]
        return pixels


@numba.njit(cache=True, nogil=True)
def _most(owner: Int32s) -> Int32s:
    """(h, w) of (SAMPLES * h, SAMPLES * w): who owns at least half of a pixel; the first of two, or NOBODY."""
    height, width = owner.shape[0] // 2, owner.shape[1] // 2
    most = np.full((height, width), NOBODY, np.int32)
    for y in range(height):
        for x in range(width):
            a, b = owner[2 * y, 2 * x], owner[2 * y, 2 * x + 1]
            c, d = owner[2 * y + 1, 2 * x], owner[2 * y + 1, 2 * x + 1]
            if a >= 0 and a in (b, c, d):
                most[y, x] = a
            elif b >= 0 and b in (c, d):
                most[y, x] = b
            elif c >= 0 and c == d:
                most[y, x] = c
    return most


def _cut_factor(
    screen: Float32s, triangles: Int32s, is_open: NDArray[np.bool_], box: NDArray[np.float64], camera: Camera
) -> float:
    """How many times as large as its part inside the picture a body is that the picture's edge cuts."""
    scale = _WHOLE_SIDE / float(max(box[2] - box[0], box[3] - box[1]))
    left, top = int(np.floor(box[0] * scale)), int(np.floor(box[1] * scale))
    width, height = int(np.ceil(box[2] * scale)) - left, int(np.ceil(box[3] * scale)) - top
    nearness, triangle = np.zeros((height, width), np.float32), np.zeros((height, width), np.int32)
    whole = rasterise(screen, triangles, is_open, left, top, scale, nearness, triangle)
    columns = (np.arange(width) + left + 0.5) / scale
    rows = (np.arange(height) + top + 0.5) / scale
    inside = ((rows > 0) & (rows < camera.height))[:, None] & ((columns > 0) & (columns < camera.width))
    seen = int(np.count_nonzero((nearness > 0) & inside))
    return whole / seen if seen else 1.0
