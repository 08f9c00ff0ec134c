"""Shadows of people on the floor: of the sun, and where their feet touch it."""

import cv2
import numba
import numpy as np

from reid_simulation.render.background import Background
from reid_simulation.render.raster import Float32s, Int32s, View, project
from reid_simulation.render.shading import Bytes, Float64s
from reid_simulation.seams.mesh import Mesh

_FOOT_M = 0.13
_FOOT_SIGMA_M = (0.11, 0.055)
_FOOT_STRENGTH = 0.5
_BODY_SIGMA_M = 0.25
_BODY_STRENGTH = 0.30
# Standard deviations.
_BLOB_END = 2.8
_ENLARGE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
# A low sun throws shadows longer than anybody looks at.
_LONGEST = 4.0


def cast_shadow(base: Bytes, background: Background, mesh: Mesh, heading: float, sunlit: float, blur_px: float) -> None:
    """Darken the floor in `base` (H, W, 3).

    Args:
        base: the image without people, as it is so far.
        background: what was seen there without anybody.
        mesh: of who throws the shadow.
        heading: radians, where their feet point.
        sunlit: part of the sun that reaches them.
        blur_px: standard deviation of the sun's shadow's edge.
    """
    if sunlit > 0.05 and background.lamp[1].max() > 0.02:
        _cast_sun(base, background, mesh, sunlit, blur_px)
    _touch(base, background.floor, background.view, _blobs(mesh.vertices, heading))


def _cast_sun(base: Bytes, background: Background, mesh: Mesh, sunlit: float, blur_px: float) -> None:
    towards = background.lamp[0]
    lean = np.clip(towards[:2] / max(float(towards[2]), 1e-3), -_LONGEST, _LONGEST)
    flat = mesh.vertices.copy()
    flat[:, :2] -= flat[:, 2:] * lean.astype(np.float32)
    flat[:, 2] = 0
    screen, box = project(flat, background.view)
    window = _clip(box, background, 3 * blur_px)
    if window is None:
        return
    left, top, right, bottom = window
    # What will be blurred is drawn as coarsely as the blur allows.
    scale = 1 / max(1.0, blur_px / 1.5)
    mask = np.zeros((int((bottom - top) * scale) + 1, int((right - left) * scale) + 1), np.uint8)
    _silhouette(screen, mesh.template.triangles, left, top, scale, mask)
    soft = cv2.GaussianBlur(mask, (0, 0), blur_px * scale)
    wide = cv2.warpAffine(soft, np.array([[scale, 0, 0], [0, scale, 0]]), (right - left, bottom - top), flags=_ENLARGE)
    _darken(base, background.image, background.sunless, background.floor, np.asarray(wide, np.uint8), sunlit, left, top)


def _clip(box: Float64s, background: Background, margin_px: float) -> tuple[int, int, int, int] | None:
    height, width = background.dimming.shape
    if box[0] > box[2]:
        return None
    left, top = (int(max(0.0, value - margin_px)) for value in box[:2])
    right = int(min(width, np.ceil(box[2] + margin_px)))
    bottom = int(min(height, np.ceil(box[3] + margin_px)))
    return (left, top, right, bottom) if left < right and top < bottom else None


@numba.njit(cache=True, nogil=True)
def _blobs(vertices: Float32s, heading: float) -> Float64s:
    """(3, 7), the body and two feet: x, y, cosine and sine of the long axis, sigma along and across it, strength."""
    cos, sin = np.cos(heading), np.sin(heading)
    middle_x, middle_y = 0.0, 0.0
    for row in range(len(vertices)):
        middle_x += vertices[row, 0] / len(vertices)
        middle_y += vertices[row, 1] / len(vertices)
    blobs = np.zeros((3, 7))
    counts = np.zeros(3)
    lowest = np.full(3, _FOOT_M)
    for row in range(len(vertices)):
        x, y, z = vertices[row]
        if z < _FOOT_M:
            foot = 1 if (y - middle_y) * cos - (x - middle_x) * sin > 0 else 2
            blobs[foot, 0] += x
            blobs[foot, 1] += y
            counts[foot] += 1
            lowest[foot] = min(lowest[foot], max(0.0, z))
    for foot in range(1, 3):
        blobs[foot, :2] /= max(1.0, counts[foot])
        blobs[foot, 2], blobs[foot, 3] = cos, sin
        blobs[foot, 4], blobs[foot, 5] = _FOOT_SIGMA_M
        blobs[foot, 6] = _FOOT_STRENGTH * (1 - lowest[foot] / _FOOT_M)
    blobs[0] = np.array([middle_x, middle_y, cos, sin, _BODY_SIGMA_M, _BODY_SIGMA_M, _BODY_STRENGTH])
    return blobs


@numba.njit(cache=True, nogil=True)
def _touch(base: Bytes, floor: Float32s, view: View, blobs: Float64s) -> None:
    """Darken the floor under each blob."""
    height, width = floor.shape[:2]
    corners = np.zeros((4, 3), np.float32)
    for blob in range(len(blobs)):
        middle_x, middle_y, cos, sin, sigma_along, sigma_across, strength = blobs[blob]
        if strength <= 0:
            continue
        for corner in range(4):
            along = _BLOB_END * sigma_along * (1 if corner < 2 else -1)
            across = _BLOB_END * sigma_across * (1 if corner % 2 else -1)
            corners[corner, 0] = middle_x + cos * along - sin * across
            corners[corner, 1] = middle_y + sin * along + cos * across
        _, box = project(corners, view)
        for y in range(int(max(0.0, box[1])), int(min(height - 1.0, box[3])) + 1):
            for x in range(int(max(0.0, box[0])), int(min(width - 1.0, box[2])) + 1):
                rx, ry = floor[y, x, 0] - middle_x, floor[y, x, 1] - middle_y
                along = (cos * rx + sin * ry) / sigma_along
                across = (cos * ry - sin * rx) / sigma_across
                square = along * along + across * across
                # NaN, which is no floor, is not less.
                if square < _BLOB_END * _BLOB_END:
                    part = np.sqrt(1 - strength * np.exp(-0.5 * square))
                    for channel in range(3):
                        base[y, x, channel] = np.uint8(base[y, x, channel] * part + 0.5)


@numba.njit(cache=True, nogil=True)
def _silhouette(screen: Float32s, triangles: Int32s, left: int, top: int, scale: float, mask: Bytes) -> None:
    """Set what triangles cover, seen from either side."""
    height, width = mask.shape
    for face in range(len(triangles)):
        a, b, c = triangles[face]
        if screen[a, 2] == 0 or screen[b, 2] == 0 or screen[c, 2] == 0:
            continue
        ax, ay = (screen[a, 0] - left) * scale - 0.5, (screen[a, 1] - top) * scale - 0.5
        bx, by = (screen[b, 0] - left) * scale - 0.5, (screen[b, 1] - top) * scale - 0.5
        cx, cy = (screen[c, 0] - left) * scale - 0.5, (screen[c, 1] - top) * scale - 0.5
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        inverse = 1 / area
        step_a, step_b = -(cy - by) * inverse, -(ay - cy) * inverse
        first = max(0, int(np.ceil(min(ax, bx, cx))))
        last = min(width - 1, int(np.floor(max(ax, bx, cx))))
        for y in range(max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(np.floor(max(ay, by, cy)))) + 1):
            weight_a = ((cx - bx) * (y - by) - (cy - by) * (first - bx)) * inverse
            weight_b = ((ax - cx) * (y - cy) - (ay - cy) * (first - cx)) * inverse
            for x in range(first, last + 1):
                if weight_a >= 0 and weight_b >= 0 and weight_a + weight_b <= 1:
                    mask[y, x] = 255
                weight_a += step_a
                weight_b += step_b


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
