"""People drawn over a background, and what of whom is to be seen there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.background import Background, sunlit
from reid_simulation.render.raster import NOBODY, SAMPLES, Float32s, Int32s, Samples, clear, merge, project, rasterise
from reid_simulation.render.shading import Body, Bytes, Textures, light_up, paint
from reid_simulation.render.shadows import cast_shadow
from reid_simulation.seams.mesh import Mesh
from reid_simulation.seams.stance import Stance

Box = tuple[float, float, float, float]
"""x1 y1 x2 y2 in pixels."""

# A body that the image cuts is drawn whole into a window this large, to see how much is missing.
_WHOLE_SIDE = 128.0
_MIDDLE_M = 0.9
_LEAST_SMEAR_PX = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What a template's triangles look like.

    Attributes:
        paints: textures.
        surface: (F,) uint8, row of each triangle in their table.
        is_open: (F,) bool, seen from both sides.
        gloss: (V,) float32.
    """

    paints: Textures
    surface: Bytes
    is_open: NDArray[np.bool_]
    gloss: Float32s


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """Somebody as they stand there."""

    stance: Stance
    mesh: Mesh
    look: Look


@dataclass(frozen=True, slots=True)
class Visible:
    """Somebody in an image.

    Attributes:
        person: number of the identity.
        box: around the whole body, also where something hides it or the image ends.
        visible_box: around what is to be seen, inside the image; None where nothing is.
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
        image: (H, W, 3) uint8 RGB.
        person_pixels: (H, W) int32, number of the person who fills most of a pixel, 0 where nobody does.
        people: those whose box is in the image, nearest first.
    """

    image: Bytes
    person_pixels: Int32s
    people: tuple[Visible, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """A body whose samples are merged.

    Attributes:
        window: left, top, right, bottom in samples, inside the image.
        whole: how many samples it would have alone and uncut.
        sunlit: part of the sun that reaches the feet.
    """

    posed: Posed
    distance_m: float
    body: Body
    box: NDArray[np.float64]
    window: tuple[int, int, int, int]
    whole: float
    sunlit: float


class Stage:
    """A background that people are drawn upon; keeps its buffers. Not to be shared between threads."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._height, self._width = background.dimming.shape
        self._samples = Samples.over(background.nearness)
        self._window_nearness = np.zeros(background.nearness.size, np.float32)
        self._window_triangle = np.zeros(background.nearness.size, np.int32)
        self._dirty: list[tuple[int, int, int, int]] = []

    def draw(self, people: Sequence[Posed], *, shutter_s: float = 0.0) -> Rendered:
        """All of them, smeared by as far as they walk while the shutter is open; in whatever order they are given."""
        for window in self._dirty:
            clear(self._background.nearness, self._samples.nearness, self._samples.owner, *window)
        drawn: list[_Drawn] = []
        for posed in sorted(people, key=lambda each: (self._distance_m(each.stance), each.stance.person)):
            body = self._draw(len(drawn), posed)
            if body is not None:
                drawn.append(body)
        self._dirty = [each.window for each in drawn]
        image, base, visible = self._paint(drawn)
        rows = self._rows(drawn)
        for row, each in enumerate(drawn):
            self._smear(image, base, rows, row, each, shutter_s)
        return Rendered(image, self._person_pixels(drawn, rows), tuple(visible))

    def _distance_m(self, stance: Stance) -> float:
        place = np.array([stance.x_m, stance.y_m, _MIDDLE_M])
        return float(np.linalg.norm(place - self._background.view.position))

    def _draw(self, row: int, posed: Posed) -> _Drawn | None:
        mesh, stance = posed.mesh, posed.stance
        screen, box = project(mesh.vertices, self._background.view)
        window = self._window(box)
        if window is None:
            return None
        left, top, right, bottom = window
        size, shape = (right - left) * (bottom - top), (bottom - top, right - left)
        nearness, triangle = self._window_nearness[:size].reshape(shape), self._window_triangle[:size].reshape(shape)
        triangles = mesh.template.triangles
        whole = float(rasterise(screen, triangles, posed.look.is_open, left, top, float(SAMPLES), nearness, triangle))
        samples = self._samples
        merge(nearness, triangle, left, top, row, samples.nearness, samples.owner, samples.triangle)
        if whole and not self._holds(box):
            whole *= self._times_cut(screen, posed, box)
        sun_part = sunlit(self._background, stance.x_m, stance.y_m)
        light = light_up(mesh.vertices, mesh.normals, posed.look.gloss, self._background.lamp, sun_part)
        look = posed.look
        body = Body(screen, light, mesh.template.uv_m, triangles, look.surface, look.paints.texels, look.paints.table)
        return _Drawn(posed, self._distance_m(stance), body, box, window, whole, float(sun_part[0]))

    def _window(self, box: NDArray[np.float64]) -> tuple[int, int, int, int] | None:
        """The part of a box that is inside the image, in samples."""
        if box[0] > box[2]:
            return None
        left, top = (int(np.floor(max(0.0, value) * SAMPLES)) for value in box[:2])
        right = int(np.ceil(min(float(self._width), box[2]) * SAMPLES))
        bottom = int(np.ceil(min(float(self._height), box[3]) * SAMPLES))
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _holds(self, box: NDArray[np.float64]) -> bool:
        return bool((box[:2] >= 0).all() and box[2] <= self._width and box[3] <= self._height)

    def _times_cut(self, screen: Float32s, posed: Posed, box: NDArray[np.float64]) -> float:
        """How many times as large as its part inside the image a body is that the image's edge cuts."""
        scale = _WHOLE_SIDE / float(max(box[2] - box[0], box[3] - box[1]))
        left, top = int(np.floor(box[0] * scale)), int(np.floor(box[1] * scale))
        width, height = int(np.ceil(box[2] * scale)) - left, int(np.ceil(box[3] * scale)) - top
        nearness, triangle = np.zeros((height, width), np.float32), np.zeros((height, width), np.int32)
        whole = rasterise(
            screen, posed.mesh.template.triangles, posed.look.is_open, left, top, scale, nearness, triangle
        )
        columns = (np.arange(width) + left + 0.5) / scale
        rows = (np.arange(height) + top + 0.5) / scale
        inside = ((rows > 0) & (rows < self._height))[:, None] & ((columns > 0) & (columns < self._width))
        seen = int(np.count_nonzero((nearness > 0) & inside))
        return whole / seen if seen else 1.0

    def _paint(self, drawn: list[_Drawn]) -> tuple[Bytes, Bytes, list[Visible]]:
        background, samples = self._background, self._samples
        base = background.image.copy()
        pixels_per_m = float(background.view.lens[0] * background.view.zoom_y)
        for each in drawn:
            blur_px = 0.5 + 0.5 * background.sun_radius * pixels_per_m / each.distance_m
            posed = each.posed
            cast_shadow(base, background, posed.mesh, posed.stance.heading, each.sunlit, blur_px)
        image = base.copy()
        visible = []
        for row, each in enumerate(drawn):
            left, top, right, bottom = each.window
            count, x1, y1, x2, y2 = paint(
                row, samples.owner, samples.triangle,
                left // SAMPLES, top // SAMPLES, -(-right // SAMPLES), -(-bottom // SAMPLES),
                each.body, background.lamp, background.dimming, base, image,
            )  # fmt: skip
            seen = (x1 / SAMPLES, y1 / SAMPLES, x2 / SAMPLES, y2 / SAMPLES) if count else None
            part = min(1.0, count / each.whole) if count else 0.0
            box = tuple(float(value) for value in each.box)
            visible.append(
                Visible(each.posed.stance.person, (box[0], box[1], box[2], box[3]), seen, part, each.distance_m)
            )
        return image, base, visible

    def _rows(self, drawn: list[_Drawn]) -> Int32s:
        """(H, W) row of who fills most of a pixel, or NOBODY."""
        rows = np.full((self._height, self._width), NOBODY, np.int32)
        for each in drawn:
            left, top, right, bottom = (value // SAMPLES for value in each.window)
            corners = self._samples.owner[
                SAMPLES * top : SAMPLES * (bottom + 1), SAMPLES * left : SAMPLES * (right + 1)
            ]
            rows[top : bottom + 1, left : right + 1] = _most(corners)
        return rows

    def _person_pixels(self, drawn: list[_Drawn], rows: Int32s) -> Int32s:
        numbers = np.array([each.posed.stance.person for each in drawn] + [0], np.int32)
        pixels = np.zeros_like(rows)
        for each in drawn:
            left, top, right, bottom = (value // SAMPLES for value in each.window)
            window = (slice(top, bottom + 1), slice(left, right + 1))
            pixels[window] = numbers[rows[window]]
        return pixels

    def _smear(self, image: Bytes, base: Bytes, rows: Int32s, row: int, drawn: _Drawn, shutter_s: float) -> None:
        stance = drawn.posed.stance
        gone_m = stance.speed_mps * shutter_s
        middle = np.array([stance.x_m, stance.y_m, _MIDDLE_M], np.float32)
        ahead = middle + np.float32(gone_m) * np.array([np.cos(stance.heading), np.sin(stance.heading), 0], np.float32)
        screen, _ = project(np.stack([middle, ahead]), self._background.view)
        step_x, step_y = (float(value) for value in (screen[1] - screen[0])[:2])
        gone_px = np.hypot(step_x, step_y)
        if gone_px < _LEAST_SMEAR_PX or not screen[:, 2].all():
            return
        reach = int(np.ceil(gone_px))
        left, top = (max(0, value // SAMPLES - reach) for value in drawn.window[:2])
        right = min(self._width, drawn.window[2] // SAMPLES + 1 + reach)
        bottom = min(self._height, drawn.window[3] // SAMPLES + 1 + reach)
        window = (slice(top, bottom), slice(left, right))
        _smeared(image[window].copy(), base[window], rows[window], row, step_x, step_y, image[window])


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


@numba.njit(cache=True, nogil=True)
def _smeared(sharp: Bytes, base: Bytes, rows: Int32s, row: int, step_x: float, step_y: float, image: Bytes) -> None:
    """Mean, over the way that a body goes, of the body where it is and what stays where it is not; into `image`."""
    height, width = rows.shape
    taps = min(16, int(np.ceil(max(abs(step_x), abs(step_y)))) + 1)
    for y in range(height):
        for x in range(width):
            own = 0
            red, green, blue = 0, 0, 0
            for tap in range(taps):
                part = (tap + 0.5) / taps - 0.5
                from_x, from_y = int(np.rint(x + part * step_x)), int(np.rint(y + part * step_y))
                if 0 <= from_x < width and 0 <= from_y < height and rows[from_y, from_x] == row:
                    own += 1
                    red += sharp[from_y, from_x, 0]
                    green += sharp[from_y, from_x, 1]
                    blue += sharp[from_y, from_x, 2]
            if own == 0:
                continue
            stays = taps - own
            if rows[y, x] == row:
                red, green, blue = (
                    red + stays * base[y, x, 0],
                    green + stays * base[y, x, 1],
                    blue + stays * base[y, x, 2],
                )
            else:
                red, green, blue = (
                    red + stays * sharp[y, x, 0],
                    green + stays * sharp[y, x, 1],
                    blue + stays * sharp[y, x, 2],
                )
            image[y, x, 0], image[y, x, 1], image[y, x, 2] = red // taps, green // taps, blue // taps
