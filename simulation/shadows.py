"""Shadows of people on the floor: of the sun, and where their feet touch it."""

import cv2
import numba
import numpy as np

from simulation.background import Background
from simulation.cameras import Camera
from simulation.mesh import Mesh
from simulation.raster import Float32s, Int32s, project
from simulation.shading import Bytes, Float64s

_FOOT_M = 0.13
_FOOT_SIGMA_M = (0.11, 0.055)
_FOOT_STRENGTH = 0.5
_BODY_SIGMA_M = 0.34
_BODY_STRENGTH = 0.28
_REACH_M = 1.0
# A low sun throws shadows longer than anybody looks at.
_LONGEST = 4.0
_SUN_BLUR_PX, _LAMP_BLUR_PX = 1.0, 4.0


class Shadows:
    """Of one camera; owns the mask that they are drawn into."""

    def __init__(self, camera: Camera, background: Background, *, is_indoors: bool) -> None:
        self._camera, self._background = camera, background
        self._mask = np.zeros((camera.height, camera.width), np.uint8)
        towards = background.lamp[0]
        self._lean = np.clip(towards[:2] / max(float(towards[2]), 1e-3), -_LONGEST, _LONGEST)
        self._has_sun = bool(background.lamp[1].max() > 0.02)
        self._blur_px = _LAMP_BLUR_PX if is_indoors else _SUN_BLUR_PX

    def cast(self, base: Bytes, mesh: Mesh, heading: float, sun_part: float) -> None:
        """Darken the floor in `base` (H, W, 3); `sun_part` is how much of the sun reaches the person at all."""
        middle = mesh.vertices[:, :2].mean(axis=0, dtype=np.float64)
        if self._has_sun and sun_part > 0.05:
            self._cast_sun(base, mesh, sun_part)
        window = self._window(_square(middle, _REACH_M))
        if window is not None:
            _touch(base, self._background.floor, _blobs(mesh, middle, heading), *window)

    def _cast_sun(self, base: Bytes, mesh: Mesh, sun_part: float) -> None:
        flat = mesh.vertices.copy()
        flat[:, :2] -= flat[:, 2:] * self._lean.astype(np.float32)
        flat[:, 2] = 0
        camera = self._camera
        screen, box = project(flat, camera.position_m, camera.rotation, camera.lens)
        margin = 3 * self._blur_px
        window = self._clip(box + margin * np.array([-1.0, -1.0, 1.0, 1.0]))
        if window is None:
            return
        left, top, right, bottom = window
        mask = self._mask[top:bottom, left:right]
        mask[:] = 0
        _silhouette(screen, mesh.template.triangles, left, top, mask)
        soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), self._blur_px), np.uint8)
        _darken(
            base, self._background.image, self._background.sunless, self._background.floor, soft, sun_part, left, top
        )

    def _window(self, points_m: Float64s) -> tuple[int, int, int, int] | None:
        pixels, depth = self._camera.project(points_m)
        if not (depth > 0.05).any():
            return None
        pixels = np.where(depth[:, None] > 0.05, pixels, [self._camera.width / 2, self._camera.height])
        return self._clip(np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]))

    def _clip(self, box: Float64s) -> tuple[int, int, int, int] | None:
        left, top = int(max(0.0, box[0])), int(max(0.0, box[1]))
        right = int(min(self._camera.width, np.ceil(min(box[2], 1e6))))
        bottom = int(min(self._camera.height, np.ceil(min(box[3], 1e6))))
        return (left, top, right, bottom) if left < right and top < bottom else None


def _square(middle: Float64s, reach_m: float) -> Float64s:
    """(8, 3) points of the floor around `middle`."""
    turns = np.arange(8) * np.pi / 4
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1) * reach_m * np.sqrt(2)
    return np.concatenate([middle + ring, np.zeros((8, 1))], axis=1)


def _blobs(mesh: Mesh, middle: Float64s, heading: float) -> Float64s:
    """(K, 7): x, y, cosine and sine of the long axis, sigma along and across it, strength."""
    cos, sin = np.cos(heading), np.sin(heading)
    rows = [[middle[0], middle[1], cos, sin, _BODY_SIGMA_M, _BODY_SIGMA_M, _BODY_STRENGTH]]
    low = mesh.vertices[mesh.vertices[:, 2] < _FOOT_M].astype(np.float64)
    across = (low[:, 1] - middle[1]) * cos - (low[:, 0] - middle[0]) * sin
    for side in (across > 0, across <= 0):
        if side.any():
            x, y, _ = low[side].mean(axis=0)
            strength = _FOOT_STRENGTH * (1 - float(low[side, 2].min()) / _FOOT_M)
            rows.append([x, y, cos, sin, *_FOOT_SIGMA_M, min(_FOOT_STRENGTH, max(0.0, strength))])
    return np.array(rows, np.float64)


@numba.njit(cache=True, nogil=True)
def _touch(base: Bytes, floor: Float32s, blobs: Float64s, left: int, top: int, right: int, bottom: int) -> None:
    for y in range(top, bottom):
        for x in range(left, right):
            place_x, place_y = floor[y, x, 0], floor[y, x, 1]
            if np.isnan(place_x):
                continue
            light = 1.0
            for row in range(len(blobs)):
                rx, ry = place_x - blobs[row, 0], place_y - blobs[row, 1]
                along = (blobs[row, 2] * rx + blobs[row, 3] * ry) / blobs[row, 4]
                across = (blobs[row, 2] * ry - blobs[row, 3] * rx) / blobs[row, 5]
                square = along * along + across * across
                if square < 9:
                    light *= 1 - blobs[row, 6] * np.exp(-0.5 * square)
            if light < 1:
                part = np.sqrt(light)
                for channel in range(3):
                    base[y, x, channel] = np.uint8(base[y, x, channel] * part + 0.5)


@numba.njit(cache=True, nogil=True)
def _silhouette(screen: Float32s, triangles: Int32s, left: int, top: int, mask: Bytes) -> None:
    """Set what triangles cover, seen from either side."""
    height, width = mask.shape
    for face in range(len(triangles)):
        a, b, c = triangles[face]
        if screen[a, 2] == 0 or screen[b, 2] == 0 or screen[c, 2] == 0:
            continue
        ax, ay = screen[a, 0] - left - 0.5, screen[a, 1] - top - 0.5
        bx, by = screen[b, 0] - left - 0.5, screen[b, 1] - top - 0.5
        cx, cy = screen[c, 0] - left - 0.5, screen[c, 1] - top - 0.5
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        inverse = 1 / area
        for y in range(max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy)))) + 1):
            for x in range(max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(np.floor(max(ax, bx, cx)))) + 1):
                weight_a = ((cx - bx) * (y - by) - (cy - by) * (x - bx)) * inverse
                weight_b = ((ax - cx) * (y - cy) - (ay - cy) * (x - cx)) * inverse
                if weight_a >= 0 and weight_b >= 0 and weight_a + weight_b <= 1:
                    mask[y, x] = 255


@numba.njit(cache=True, nogil=True)
def _darken(
    base: Bytes, image: Bytes, sunless: Bytes, floor: Float32s, mask: Bytes, sun_part: float, left: int, top: int
) -> None:
    """Take the sun from the floor where the mask is set; where it is dark already, it stays."""
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            if mask[y, x] == 0 or np.isnan(floor[top + y, left + x, 0]):
                continue
            part = mask[y, x] / 255.0 * sun_part
            for channel in range(3):
                lit = image[top + y, left + x, channel]
                dark = lit + part * (np.float64(sunless[top + y, left + x, channel]) - lit)
                before = base[top + y, left + x, channel]
                base[top + y, left + x, channel] = np.uint8(min(np.float64(before), dark + 0.5))
