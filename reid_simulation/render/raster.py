"""Triangles to samples: a z-buffer of two by two samples a pixel, compiled with numba.

Each body is drawn into a window of its own, which says how much of it there is to see when nobody stands before it;
then the windows are merged into the image's samples. Colours come last (`shading.py`), for what is still visible.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

SAMPLES = 2
"""Samples per pixel in each direction."""

NEAR_M = 0.15
NOBODY = -1

Float32s = NDArray[np.float32]
Int32s = NDArray[np.int32]


class View(NamedTuple):
    """The way from the world into an image, or into a part of it at another scale.

    Attributes:
        position: (3,) of the camera.
        rotation: (3, 3), its rows right, down and forward.
        lens: (8,) of `Camera.lens`.
        left, top: pixels of the camera where the image begins.
        zoom_x, zoom_y: pixels of the image per pixel of the camera.
    """

    position: NDArray[np.float64]
    rotation: NDArray[np.float64]
    lens: NDArray[np.float64]
    left: float = 0.0
    top: float = 0.0
    zoom_x: float = 1.0
    zoom_y: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """The samples of an image, row by row, (SAMPLES * H, SAMPLES * W).

    Attributes:
        nearness: float32, 1 / depth of what is nearest, 0 at infinity.
        owner: int32, row of the body that it belongs to, or NOBODY.
        triangle: int32, of that body.
    """

    nearness: Float32s
    owner: Int32s
    triangle: Int32s

    @classmethod
    def over(cls, nearness: Float32s) -> "Samples":
        """Nobody yet, before a background that is as near as this."""
        shape = nearness.shape
        return cls(nearness.copy(), np.full(shape, NOBODY, np.int32), np.zeros(shape, np.int32))


@numba.njit(cache=True, nogil=True)
def project(vertices: Float32s, view: View) -> tuple[Float32s, NDArray[np.float64]]:
    """(V, 3) vertices to (V, 3) x, y in pixels and 1 / depth (0: nearer than NEAR_M), and the box around them.

    The box is (4,) x1 y1 x2 y2 of the vertices before the camera; x1 > x2 if there are none.
    """
    position, rotation = view.position, view.rotation
    focal, centre_x, centre_y, k1, k2, limit, reach, slope = view.lens
    screen = np.empty((len(vertices), 3), np.float32)
    box = np.array([np.inf, np.inf, -np.inf, -np.inf])
    for row in range(len(vertices)):
        dx = vertices[row, 0] - position[0]
        dy = vertices[row, 1] - position[1]
        dz = vertices[row, 2] - position[2]
        depth = rotation[2, 0] * dx + rotation[2, 1] * dy + rotation[2, 2] * dz
        if depth < NEAR_M:
            screen[row] = 0
            continue
        x = (rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz) / depth
        y = (rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz) / depth
        square = x * x + y * y
        if square < limit * limit:
            factor = 1 + square * (k1 + square * k2)
        else:
            radius = np.sqrt(square)
            factor = (reach + slope * (radius - limit)) / radius
        x = (x * factor * focal + centre_x - view.left) * view.zoom_x
        y = (y * factor * focal + centre_y - view.top) * view.zoom_y
        screen[row, 0] = x
        screen[row, 1] = y
        screen[row, 2] = 1 / depth
        box[0] = min(box[0], x)
        box[1] = min(box[1], y)
        box[2] = max(box[2], x)
        box[3] = max(box[3], y)
    return screen, box


@numba.njit(cache=True, nogil=True)
def rasterise(
    screen: Float32s,
    triangles: Int32s,
    is_open: NDArray[np.bool_],
    left: int,
    top: int,
    scale: float,
    nearness: Float32s,
    triangle: Int32s,
) -> int:
    """Draw triangles into a window whose sample (0, 0) lies at (left, top) samples; returns how many it covered.

    Args:
        screen: (V, 3), of `project`.
        triangles: (F, 3).
        is_open: (F,) seen from behind as well.
        left, top: of the window, in samples.
        scale: samples per pixel.
        nearness, triangle: (h, w) of the window; cleared here.
    """
    height, width = nearness.shape
    nearness[:] = 0
    for face in range(len(triangles)):
        a, b, c = triangles[face, 0], triangles[face, 1], triangles[face, 2]
        near_a, near_b, near_c = screen[a, 2], screen[b, 2], screen[c, 2]
        # Sample (i, j) of the window then lies at whole numbers.
        ax, ay = screen[a, 0] * scale - left - 0.5, screen[a, 1] * scale - top - 0.5
        bx, by = screen[b, 0] * scale - left - 0.5, screen[b, 1] * scale - top - 0.5
        cx, cy = screen[c, 0] * scale - left - 0.5, screen[c, 1] * scale - top - 0.5
        # Counter-clockwise from outside is clockwise on a screen whose y points down.
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0 or (area > 0 and not is_open[face]) or near_a == 0 or near_b == 0 or near_c == 0:
            continue
        first_y, last_y = max(0.0, np.ceil(min(ay, by, cy))), min(height - 1.0, np.floor(max(ay, by, cy)))
        first_x, last_x = max(0.0, np.ceil(min(ax, bx, cx))), min(width - 1.0, np.floor(max(ax, bx, cx)))
        if first_x > last_x or first_y > last_y:
            continue
        # Weights of the three corners are linear: at x 0 and y 0, and how they grow with x and y.
        inverse = 1 / area
        weight_a, weight_b = (by * (bx - cx) - bx * (by - cy)) * inverse, (cy * (cx - ax) - cx * (cy - ay)) * inverse
        right_a, right_b = (by - cy) * inverse, (cy - ay) * inverse
        down_a, down_b = (cx - bx) * inverse, (ax - cx) * inverse
        right_c = -right_a - right_b
        rise_a, rise_b = near_a - near_c, near_b - near_c
        right_near = np.float32(right_a * rise_a + right_b * rise_b)
        for y in range(int(first_y), int(last_y) + 1):
            row_a, row_b = weight_a + down_a * y, weight_b + down_b * y
            start, end = _narrowed(row_a, right_a, first_x, last_x)
            start, end = _narrowed(row_b, right_b, start, end)
            start, end = _narrowed(1 - row_a - row_b, right_c, start, end)
            first, last = int(np.ceil(start)), int(np.floor(end))
            near = np.float32(near_c + (row_a + right_a * first) * rise_a + (row_b + right_b * first) * rise_b)
            for x in range(first, last + 1):
                if near > nearness[y, x]:
                    nearness[y, x] = near
                    triangle[y, x] = face
                near += right_near
    covered = 0
    for y in range(height):
        for x in range(width):
            covered += nearness[y, x] > 0
    return covered


@numba.njit(cache=True, nogil=True, inline="always")
def _narrowed(weight: float, growth: float, start: float, end: float) -> tuple[float, float]:
    """The part of a row from `start` to `end` where a weight, given at 0, is not negative."""
    if growth > 0:
        start = max(start, -weight / growth)
    elif growth < 0:
        end = min(end, -weight / growth)
    elif weight < 0:
        end = start - 1
    return start, end


@numba.njit(cache=True, nogil=True)
def merge(
    window_nearness: Float32s,
    window_triangle: Int32s,
    left: int,
    top: int,
    row: int,
    nearness: Float32s,
    owner: Int32s,
    triangle: Int32s,
) -> None:
    """Take what a body's window has in front into the image's samples, as that body's `row`."""
    height, width = window_nearness.shape
    for y in range(height):
        for x in range(width):
            near = window_nearness[y, x]
            if near > nearness[top + y, left + x]:
                nearness[top + y, left + x] = near
                owner[top + y, left + x] = row
                triangle[top + y, left + x] = window_triangle[y, x]


@numba.njit(cache=True, nogil=True)
def clear(
    background: Float32s, nearness: Float32s, owner: Int32s, left: int, top: int, right: int, bottom: int
) -> None:
    """Nobody again in this part of the samples."""
    for y in range(top, bottom):
        for x in range(left, right):
            nearness[y, x] = background[y, x]
            owner[y, x] = NOBODY
