"""Shadows of people on the floor: of the sun, and where their feet touch it."""

import cv2
import numba
import numpy as np

from simulation.background import Background
from simulation.mesh import Mesh
from simulation.raster import Float32s, Int32s, project
from simulation.shading import Bytes, Float64s

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
        base: the picture without people, as it is so far.
        background: what was seen there without anybody.
        mesh: of who throws the shadow.
        heading: radians, where their feet point.
        sunlit: part of the sun that reaches them.
        blur_px: standard deviation of the sun's shadow's edge.
    """
    middle = mesh.vertices[:, :2].mean(axis=0, dtype=np.float64)
    if sunlit > 0.05 and background.lamp[1].max() > 0.02:
        _cast_sun(base, background, mesh, sunlit, blur_px)
    for blob in _blobs(mesh, middle, heading):
        _, box = project(_square(blob), background.view)
        window = _clip(box, background, 0.0)
        if window is not None:
            _touch(base, background.floor, blob, *window)


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


def _square(blob: Float64s) -> Float32s:
    """(4, 3) corners on the floor of where a blob ends."""
    along, across = _BLOB_END * blob[4] * blob[2:4], _BLOB_END * blob[5] * np.array([-blob[3], blob[2]])
    corners = blob[:2] + np.array([along + across, along - across, -along - across, -along + across])
    return np.concatenate([corners, np.zeros((4, 1))], axis=1).astype(np.float32)


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
def _touch(base: Bytes, floor: Float32s, blob: Float64s, left: int, top: int, right: int, bottom: int) -> None:
    middle_x, middle_y, cos, sin, sigma_along, sigma_across, strength = blob
    for y in range(top, bottom):
        for x in range(left, right):
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
