"""Colours of what is visible: textures, sun, sky, and what the lens takes away; compiled with numba.

Light is linear; an image's grey level is 255 times its square root, with a soft shoulder below white.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.raster import SAMPLES, Float32s, Int32s
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.scene import Light

Float64s = NDArray[np.float64]
Bytes = NDArray[np.uint8]

# Columns of a table of textures.
OFFSET, SIZE, ORIGIN_U, ORIGIN_V, REPEATS_PER_M_U, REPEATS_PER_M_V, IS_CLAMPED, GLOSS = range(8)

_SHOULDER = 0.82
_LINEAR = 1 / 255.0**2
_OUTSIDE, _INSIDE = 0, 4
# Heights between which it is known how much of the sun reaches somebody.
SUNLIT_STEP_M = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Textures:
    """Square pyramids of RGB, one after the other.

    Attributes:
        texels: flat uint8; of each texture all levels, each row by row.
        table: (S, 8) float64, one row per surface: see the names of its columns above.
    """

    texels: Bytes
    table: Float64s


class Body(NamedTuple):
    """What the colours of one posed body hang on.

    Attributes:
        screen: (V, 3) of `project`.
        light: (V, 8) of `light_up`.
        uv_m: (V, 2).
        triangles: (F, 3).
        surface: (F,) row in `table`.
        texels, table: of its textures.
    """

    screen: Float32s
    light: Float32s
    uv_m: Float32s
    triangles: Int32s
    surface: Bytes
    texels: Bytes
    table: Float64s


def lamps(light: Light, camera: Camera, ground: tuple[float, float, float]) -> Float64s:
    """(6, 3): towards the sun; its light; the sky's light; what the ground gives back; the camera's place; its gains.

    Args:
        ground: how much of red, green and blue the floor reflects.
    """
    flat = math.cos(light.elevation)
    towards = np.array([math.cos(light.azimuth) * flat, math.sin(light.azimuth) * flat, math.sin(light.elevation)])
    sun = light.sun * np.array(light.sun_tint)
    sky = light.ambient * np.array(light.ambient_tint)
    back = np.array(ground) * (sky + 0.5 * sun * max(0.0, float(towards[2])))
    return np.stack([towards, sun, sky, back, camera.position_m, camera.exposure * np.array(camera.cast)])


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def grey(light: float) -> float:
    """Linear light to a grey level, 0 to 255."""
    level = math.sqrt(max(light, 0.0))
    if level > _SHOULDER:
        over = (level - _SHOULDER) / (1 - _SHOULDER)
        level = _SHOULDER + (1 - _SHOULDER) * over / (1 + over)
    return 255 * level


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def texel(texels: Bytes, table: Float64s, row: int, u: float, v: float, level: int) -> tuple[float, float, float]:
    """Bilinear RGB, linear, 0 to 1, of a texture at u, v metres; `level` of the pyramid, or its last."""
    size = int(table[row, SIZE])
    while (size >> level) == 0:
        level -= 1
    side = size >> level
    x = (u - table[row, ORIGIN_U]) * table[row, REPEATS_PER_M_U]
    y = (v - table[row, ORIGIN_V]) * table[row, REPEATS_PER_M_V]
    if table[row, IS_CLAMPED] > 0:
        x = min(max(x * side - 0.5, 0.0), side - 1.0)
        y = min(max(y * side - 0.5, 0.0), side - 1.0)
        x0, y0 = math.floor(x), math.floor(y)
        part_x, part_y = x - x0, y - y0
        x1, y1 = min(x0 + 1, side - 1), min(y0 + 1, side - 1)
    else:
        x = x * side - 0.5
        y = y * side - 0.5
        x0, y0 = math.floor(x), math.floor(y)
        part_x, part_y = x - x0, y - y0
        # side is a power of two
        x0, y0 = x0 & (side - 1), y0 & (side - 1)
        x1, y1 = (x0 + 1) & (side - 1), (y0 + 1) & (side - 1)
    start = int(table[row, OFFSET]) + 4 * (size * size - side * side)
    p00, p01 = start + 3 * (y0 * side + x0), start + 3 * (y0 * side + x1)
    p10, p11 = start + 3 * (y1 * side + x0), start + 3 * (y1 * side + x1)
    share11 = part_x * part_y
    share01, share10 = part_x - share11, part_y - share11
    share00 = 1 - part_x - share10
    red = texels[p00] * share00 + texels[p01] * share01 + texels[p10] * share10 + texels[p11] * share11
    green = (
        texels[p00 + 1] * share00 + texels[p01 + 1] * share01 + texels[p10 + 1] * share10 + texels[p11 + 1] * share11
    )
    blue = texels[p00 + 2] * share00 + texels[p01 + 2] * share01 + texels[p10 + 2] * share10 + texels[p11 + 2] * share11
    return red * red * _LINEAR, green * green * _LINEAR, blue * blue * _LINEAR


@numba.njit(cache=True, nogil=True, error_model="numpy")
def light_up(vertices: Float32s, normals: Float32s, gloss: Float32s, lamp: Float64s, sunlit: Float64s) -> Float32s:
    """(V, 8) light on the outside of vertices, and on the inside: red, green and blue that a surface gives back a part
    of, and what shines on any colour.

    Args:
        vertices, normals: (V, 3).
        gloss: (V,).
        lamp: of `lamps`.
        sunlit: part of the sun that reaches the body at heights SUNLIT_STEP_M apart, from the floor.
    """
    light = np.zeros((len(vertices), 8), np.float32)
    for row in range(len(vertices)):
        px, py, pz = float(vertices[row, 0]), float(vertices[row, 1]), float(vertices[row, 2])
        nx, ny, nz = float(normals[row, 0]), float(normals[row, 1]), float(normals[row, 2])
        step = min(max(pz / SUNLIT_STEP_M, 0.0), len(sunlit) - 1.001)
        below = int(step)
        sun_part = sunlit[below] + (sunlit[below + 1] - sunlit[below]) * (step - below)
        facing = nx * lamp[0, 0] + ny * lamp[0, 1] + nz * lamp[0, 2]
        # Near the floor the body hides part of the sky from itself.
        open_sky = 0.62 + 0.38 * min(1.0, max(0.0, pz) / 0.9)
        ex, ey, ez = lamp[4, 0] - px, lamp[4, 1] - py, lamp[4, 2] - pz
        far = 1 / (math.sqrt(ex * ex + ey * ey + ez * ez) + 1e-9)
        ex *= far
        ey *= far
        ez *= far
        # What faces away from the eye lies deeper in the body's own shade.
        around = open_sky * (0.80 + 0.20 * abs(nx * ex + ny * ey + nz * ez))
        shine = 0.0
        if gloss[row] > 0:
            hx, hy, hz = ex + lamp[0, 0], ey + lamp[0, 1], ez + lamp[0, 2]
            along = max(0.0, nx * hx + ny * hy + nz * hz) / (math.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9)
            along *= along
            along *= along
            along *= along
            shine = gloss[row] * (along * along * sun_part + 0.12 * max(0.0, nz))
        # Cloth and skin carry light a little past the edge of the shadow.
        direct = max(0.0, (facing + 0.12) / 1.12) * sun_part
        through = max(0.0, (0.12 - facing) / 1.12) * sun_part
        up = 0.5 + 0.5 * nz
        for channel in range(3):
            sky, back = lamp[2, channel], lamp[3, channel]
            light[row, _OUTSIDE + channel] = (sky * up + back * (1 - up)) * around + lamp[1, channel] * direct
            light[row, _INSIDE + channel] = 0.8 * (sky * (1 - up) + back * up) * around + lamp[1, channel] * through
        light[row, _OUTSIDE + 3] = shine * (lamp[1, 1] + 0.4 * lamp[2, 1])
    return light


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _shade(x: float, y: float, face: int, body: Body) -> tuple[float, float, float]:
    """Light that leaves a triangle at pixel x, y."""
    screen, uv_m, table = body.screen, body.uv_m, body.table
    a, b, c = body.triangles[face, 0], body.triangles[face, 1], body.triangles[face, 2]
    ax, ay = screen[a, 0] - x, screen[a, 1] - y
    bx, by = screen[b, 0] - x, screen[b, 1] - y
    cx, cy = screen[c, 0] - x, screen[c, 1] - y
    weight_a = bx * cy - by * cx
    weight_b = cx * ay - cy * ax
    weight_c = ax * by - ay * bx
    area = weight_a + weight_b + weight_c
    weight_a *= screen[a, 2]
    weight_b *= screen[b, 2]
    weight_c *= screen[c, 2]
    total = 1 / (weight_a + weight_b + weight_c)
    weight_a *= total
    weight_b *= total
    weight_c *= total

    row = body.surface[face]
    ua, va = uv_m[a, 0], uv_m[a, 1]
    ub, vb = uv_m[b, 0] - ua, uv_m[b, 1] - va
    uc, vc = uv_m[c, 0] - ua, uv_m[c, 1] - va
    texels_per_m = table[row, SIZE] * table[row, REPEATS_PER_M_U]
    texels_per_pixel = abs(ub * vc - vb * uc) * texels_per_m * texels_per_m
    spread = 2.0 * abs(area)
    level = 0
    while texels_per_pixel > spread and level < 12:
        texels_per_pixel *= 0.25
        level += 1
    u, v = ua + weight_b * ub + weight_c * uc, va + weight_b * vb + weight_c * vc
    red, green, blue = texel(body.texels, table, row, u, v, level)
    light = body.light
    first = _OUTSIDE if area < 0 else _INSIDE
    red *= weight_a * light[a, first] + weight_b * light[b, first] + weight_c * light[c, first]
    green *= weight_a * light[a, first + 1] + weight_b * light[b, first + 1] + weight_c * light[c, first + 1]
    blue *= weight_a * light[a, first + 2] + weight_b * light[b, first + 2] + weight_c * light[c, first + 2]
    shine = weight_a * light[a, first + 3] + weight_b * light[b, first + 3] + weight_c * light[c, first + 3]
    return red + shine, green + shine, blue + shine


@numba.njit(cache=True, nogil=True, error_model="numpy")
def paint(
    row: int,
    owner: Int32s,
    triangle: Int32s,
    left: int,
    top: int,
    right: int,
    bottom: int,
    body: Body,
    lamp: Float64s,
    dimming: Float32s,
    base: Bytes,
    image: Bytes,
) -> tuple[int, int, int, int, int]:
    """Colour the samples of one body in a part of the image, over what is there.

    Args:
        row: of the body in `owner`.
        owner, triangle: samples, see `Samples`.
        left, top, right, bottom: pixels to go through.
        dimming: (H, W) part of the light that the lens lets through.
        base: (H, W, 3) the image without people.
        image: (H, W, 3), written to.

    Returns: how many samples are visible, and their box in samples (x1, y1, x2, y2), x2 and y2 outside.
    """
    surface = body.surface
    faces, weights = np.zeros(4, np.int32), np.zeros(4, np.int32)
    gain_red, gain_green, gain_blue = lamp[5]
    visible = 0
    x1, y1, x2, y2 = 1 << 30, 1 << 30, 0, 0
    for y in range(top, bottom):
        for x in range(left, right):
            count = 0
            kinds = 0
            own_x = 0.0
            own_y = 0.0
            for corner in range(4):
                sample_y = SAMPLES * y + corner // 2
                sample_x = SAMPLES * x + corner % 2
                if owner[sample_y, sample_x] != row:
                    continue
                count += 1
                own_x += sample_x + 0.5
                own_y += sample_y + 0.5
                x1 = min(x1, sample_x)
                x2 = max(x2, sample_x + 1)
                y1 = min(y1, sample_y)
                y2 = max(y2, sample_y + 1)
                face = triangle[sample_y, sample_x]
                # One triangle stands for all of its surface in a pixel.
                for kind in range(kinds):
                    if surface[faces[kind]] == surface[face]:
                        weights[kind] += 1
                        break
                else:
                    faces[kinds] = face
                    weights[kinds] = 1
                    kinds += 1
            if count == 0:
                continue
            visible += count
            own_x /= SAMPLES * count
            own_y /= SAMPLES * count
            red, green, blue = 0.0, 0.0, 0.0
            for kind in range(kinds):
                light = _shade(own_x, own_y, faces[kind], body)
                red += weights[kind] * grey(light[0] * gain_red * dimming[y, x])
                green += weights[kind] * grey(light[1] * gain_green * dimming[y, x])
                blue += weights[kind] * grey(light[2] * gain_blue * dimming[y, x])
            image[y, x, 0] = _mixed(image[y, x, 0], red, base[y, x, 0], count)
            image[y, x, 1] = _mixed(image[y, x, 1], green, base[y, x, 1], count)
            image[y, x, 2] = _mixed(image[y, x, 2], blue, base[y, x, 2], count)
    return visible, x1, y1, x2, y2


@numba.njit(cache=True, nogil=True, inline="always")
def _mixed(before: int, light: float, behind: int, count: int) -> int:
    """A grey level of which `count` of four samples, whose levels add up to `light`, replace what was behind."""
    return int(min(max(before + 0.25 * (light - count * behind) + 0.5, 0.0), 255.0))
