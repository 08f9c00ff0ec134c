"""What a camera sees when nobody is there: a ray through each sample, cast once, so that depth and floor are exact."""

from dataclasses import dataclass
from typing import Any

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from simulation.cameras import Camera
from simulation.materials import SKYLINE_STEPS, mean_reflectance, scene_textures, skyline
from simulation.raster import SAMPLES, Float32s, View
from simulation.scene import Box, Scene
from simulation.shading import (
    REPEATS_PER_M_U,
    SIZE,
    SUNLIT_STEP_M,
    Bytes,
    Float64s,
    grey,
    lamps,
    texel,
)

# Rows of `scene_textures`: floor, ceiling, then one per box.
_FLOOR, _CEILING, _BOXES = 0, 1, 2
_CEILING_M = 3.2
# Nothing is farther away indoors.
_HALL_M = 70.0
_SUNLIT_LEVELS = 5
# Of the sun, or of the lamps that stand for it: its shadows have soft edges.
_SUN_RADIUS, _LAMP_RADIUS = 0.012, 0.12
_ROWS_AT_ONCE = 32
_ROUND, _GLASS = 8, 9


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """
    Attributes:
        view: from the world to these pixels.
        image: (H, W, 3) uint8, as the sensor has it before noise.
        sunless: the same where people's shadows keep the sun away.
        nearness: (SAMPLES * H, SAMPLES * W) float32, 1 / depth.
        floor: (H, W, 2) float32, x and y in metres of the floor seen in a pixel; NaN where there is none.
        dimming: (H, W) float32, part of the light that the lens lets through.
        lamp: of `shading.lamps`.
    """

    view: View
    image: Bytes
    sunless: Bytes
    nearness: Float32s
    floor: Float32s
    dimming: Float32s
    lamp: Float64s


def background(scene: Scene, camera: Camera) -> Background:
    """Some seconds for a large picture."""
    paints = scene_textures(scene)
    things = _things(scene)
    lamp = lamps(scene.light, camera, mean_reflectance(paints, _FLOOR))
    dimming = _dimming(camera)
    shape = (camera.height, camera.width)
    image, sunless = np.zeros((*shape, 3), np.uint8), np.zeros((*shape, 3), np.uint8)
    nearness = np.zeros((SAMPLES * camera.height, SAMPLES * camera.width), np.float32)
    for top in range(0, camera.height, _ROWS_AT_ONCE):
        rows = slice(top, min(top + _ROWS_AT_ONCE, camera.height))
        samples = slice(SAMPLES * rows.start, SAMPLES * rows.stop)
        ys, xs = np.mgrid[samples, : SAMPLES * camera.width]
        rays = camera.rays((np.stack([xs, ys], axis=-1).reshape(-1, 2) + 0.5) / SAMPLES)
        ceiling = ceiling_m(scene, camera.height_m) if scene.is_indoors else 0.0
        _cast(
            rays.reshape(*xs.shape, 3), things, paints.texels, paints.table, lamp, skyline(scene.seed),
            ceiling, _sun_radius(scene), 1 / camera.focal_px,
            dimming[rows], nearness[samples], image[rows], sunless[rows],
        )  # fmt: skip
    view = View(camera.position_m, camera.rotation, camera.lens)
    return Background(view, image, sunless, nearness, _floor(camera, nearness), dimming, lamp)


def part(whole: Background, box: tuple[float, float, float, float], width: int, height: int) -> Background:
    """The part of a background in `box` (x1 y1 x2 y2 pixels, also beyond its rim), drawn as width x height pixels."""
    x1, y1, x2, y2 = box
    zoom_x, zoom_y = width / (x2 - x1), height / (y2 - y1)

    def cut(field: NDArray[Any], scale: int, flags: int) -> NDArray[Any]:
        # Centres of pixels meet centres of pixels.
        matrix = np.array(
            [
                [zoom_x, 0, (0.5 / scale - x1) * zoom_x * scale - 0.5],
                [0, zoom_y, (0.5 / scale - y1) * zoom_y * scale - 0.5],
            ]
        )
        size = (width * scale, height * scale)
        return cv2.warpAffine(field, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    smooth = cv2.INTER_LINEAR
    view = whole.view._replace(
        left=whole.view.left + x1 / whole.view.zoom_x,
        top=whole.view.top + y1 / whole.view.zoom_y,
        zoom_x=whole.view.zoom_x * zoom_x,
        zoom_y=whole.view.zoom_y * zoom_y,
    )
    return Background(
        view, cut(whole.image, 1, smooth), cut(whole.sunless, 1, smooth),
            cut(whole.nearness, SAMPLES, cv2.INTER_NEAREST),
        cut(whole.floor, 1, cv2.INTER_NEAREST), cut(whole.dimming, 1, smooth), whole.lamp,
    )  # fmt: skip


def ceiling_m(scene: Scene, camera_height_m: float) -> float:
    """High enough for all that stands there, and the camera."""
    highest = max((box.bottom_m + box.height_m for box in scene.boxes), default=0.0)
    return max(_CEILING_M, camera_height_m + 0.4, highest)


def sunlit(scene: Scene, x_m: float, y_m: float) -> Float64s:
    """How much of the sun reaches somebody there, at heights SUNLIT_STEP_M apart."""
    heights = np.arange(_SUNLIT_LEVELS) * SUNLIT_STEP_M
    points = np.stack([np.full(_SUNLIT_LEVELS, x_m), np.full(_SUNLIT_LEVELS, y_m), heights + 0.05], axis=1)
    light = scene.light
    flat = np.cos(light.elevation)
    sun = np.array([np.cos(light.azimuth) * flat, np.sin(light.azimuth) * flat, np.sin(light.elevation)])
    return _sunlit(points, _things(scene), sun, _sun_radius(scene))


def _things(scene: Scene) -> Float64s:
    """(B, 10): x, y, half width and depth, bottom, top, cosine and sine of its turn, is round, is glass."""

    def row(box: Box) -> list[float]:
        half = (box.width_m / 2, (box.width_m if box.is_round else box.depth_m) / 2)
        span = (box.bottom_m, box.bottom_m + box.height_m)
        turn = (float(np.cos(box.turn)), float(np.sin(box.turn)))
        return [box.x_m, box.y_m, *half, *span, *turn, float(box.is_round), float(box.material == "glass")]

    return np.array([row(box) for box in scene.boxes], np.float64).reshape(-1, 10)


def _sun_radius(scene: Scene) -> float:
    return _LAMP_RADIUS if scene.is_indoors else _SUN_RADIUS


def _dimming(camera: Camera) -> Float32s:
    ys, xs = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    square = (xs + 0.5 - camera.width / 2) ** 2 + (ys + 0.5 - camera.height / 2) ** 2
    corner = (camera.width**2 + camera.height**2) / 4
    return np.asarray(1 - camera.vignetting * square / corner, np.float32)


def _floor(camera: Camera, nearness: Float32s) -> Float32s:
    ys, xs = np.mgrid[: camera.height, : camera.width]
    pixels = np.stack([xs, ys], axis=-1).reshape(-1, 2) + 0.5
    floor = camera.floor_points(pixels)
    _, depth = camera.project(np.concatenate([floor, np.zeros((len(floor), 1))], axis=1))
    nearest = nearness.reshape(camera.height, SAMPLES, camera.width, SAMPLES).max(axis=(1, 3)).reshape(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        is_floor = nearest * depth < 1.02
    return np.where(is_floor[:, None], floor, np.nan).astype(np.float32).reshape(camera.height, camera.width, 2)


@numba.njit(cache=True, nogil=True)
def _meet(thing: Float64s, ox: float, oy: float, oz: float, dx: float, dy: float, dz: float) -> tuple[float, int]:
    """Distance along a ray to a box or cylinder (infinity: none), and the side: 0 x, 1 y, 2 z, 3 round."""
    cos, sin = thing[6], thing[7]
    rx, ry = ox - thing[0], oy - thing[1]
    ax, ay = cos * rx + sin * ry, cos * ry - sin * rx
    bx, by = cos * dx + sin * dy, cos * dy - sin * dx
    enter, leave, side = -np.inf, np.inf, -1
    if thing[_ROUND] > 0:
        a = bx * bx + by * by
        b = ax * bx + ay * by
        c = ax * ax + ay * ay - thing[2] * thing[2]
        root = b * b - a * c
        if root < 0 or (a == 0 and c > 0):
            return np.inf, -1
        if a > 0:
            enter, leave, side = (-b - np.sqrt(root)) / a, (-b + np.sqrt(root)) / a, 3
    else:
        for axis in range(2):
            place, step, half = (ax, bx, thing[2]) if axis == 0 else (ay, by, thing[3])
            if step == 0:
                if abs(place) > half:
                    return np.inf, -1
                continue
            first, second = (-half - place) / step, (half - place) / step
            if first > second:
                first, second = second, first
            if first > enter:
                enter, side = first, axis
            leave = min(leave, second)
    if dz == 0:
        if oz < thing[4] or oz > thing[5]:
            return np.inf, -1
    else:
        first, second = (thing[4] - oz) / dz, (thing[5] - oz) / dz
        if first > second:
            first, second = second, first
        if first > enter:
            enter, side = first, 2
        leave = min(leave, second)
    if enter > leave or enter <= 1e-6:
        return np.inf, -1
    return enter, side


@numba.njit(cache=True, nogil=True)
def _reaches(things: Float64s, sun: Float64s, radius: float, turn: int, x: float, y: float, z: float) -> float:
    """1 if a point of the sun's disc, chosen by `turn`, is seen from x, y, z, and 0 if a thing is before it."""
    angle = 2.4 * turn
    reach = radius * np.sqrt((turn % 16 + 0.5) / 16)
    dx = sun[0] + reach * np.cos(angle)
    dy = sun[1] + reach * np.sin(angle)
    for row in range(len(things)):
        distance, _ = _meet(things[row], x, y, z, dx, dy, sun[2])
        if distance < np.inf:
            return 0.0
    return 1.0


@numba.njit(cache=True, nogil=True)
def _sunlit(points: Float64s, things: Float64s, sun: Float64s, radius: float) -> Float64s:
    part = np.zeros(len(points))
    for row in range(len(points)):
        for turn in range(16):
            part[row] += _reaches(things, sun, radius, turn, points[row, 0], points[row, 1], points[row, 2]) / 16
    return part


@numba.njit(cache=True, nogil=True)
def _corner_shade(things: Float64s, x: float, y: float, z: float, but: int) -> float:
    """Part of the sky's light left near the feet of things."""
    left = 1.0
    for row in range(len(things)):
        if row == but:
            continue
        thing = things[row]
        rx, ry = x - thing[0], y - thing[1]
        ax = abs(thing[6] * rx + thing[7] * ry)
        ay = abs(thing[6] * ry - thing[7] * rx)
        if thing[_ROUND] > 0:
            gap = max(0.0, np.sqrt(ax * ax + ay * ay) - thing[2])
        else:
            gap = np.hypot(max(0.0, ax - thing[2]), max(0.0, ay - thing[3]))
        above = max(0.0, thing[4] - z) + max(0.0, z - thing[5])
        gap = np.sqrt(gap * gap + above * above)
        if gap < 1.5:
            left *= 1 - 0.45 * np.exp(-gap / 0.22) - 0.12 * max(0.0, 1 - gap / 1.5)
    return left


@numba.njit(cache=True, nogil=True)
def _cast(
    rays: Float64s,
    things: Float64s,
    texels: Bytes,
    table: Float64s,
    lamp: Float64s,
    horizon: Float64s,
    ceiling: float,
    sun_radius: float,
    pixel: float,
    dimming: Float32s,
    nearness: Float32s,
    image: Bytes,
    sunless: Bytes,
) -> None:
    """Fill some rows of a background; see there. `ceiling` 0 is the open sky; `pixel` the angle that one spans."""
    ox, oy, oz = lamp[4]
    colour = np.zeros(3)
    lit = np.zeros(3)
    dark = np.zeros(3)
    for y in range(dimming.shape[0]):
        for x in range(dimming.shape[1]):
            lit[:] = 0
            dark[:] = 0
            for corner in range(SAMPLES * SAMPLES):
                sample_y, sample_x = SAMPLES * y + corner // SAMPLES, SAMPLES * x + corner % SAMPLES
                dx, dy, dz = rays[sample_y, sample_x]
                best, thing, side = np.inf, -1, 2
                if dz < 0:
                    best, thing = -oz / dz, -2
                elif dz > 0 and ceiling > 0:
                    best, thing = (ceiling - oz) / dz, -3
                for row in range(len(things)):
                    distance, hit = _meet(things[row], ox, oy, oz, dx, dy, dz)
                    if distance < best:
                        best, thing, side = distance, row, hit
                if ceiling > 0 and best > _HALL_M:
                    best, thing = _HALL_M, -4
                nearness[sample_y, sample_x] = 1 / best if best < np.inf else 0.0
                if thing == -1:
                    _sky(dx, dy, dz, lamp, horizon, colour)
                    for channel in range(3):
                        level = grey(colour[channel] * lamp[5, channel] * dimming[y, x])
                        lit[channel] += level
                        dark[channel] += level
                    continue
                px, py, pz = ox + best * dx, oy + best * dy, oz + best * dz
                nx, ny, nz = 0.0, 0.0, 1.0 if dz < 0 else -1.0
                u, v = px, py
                texture = _FLOOR
                but = -1
                if thing == -3:
                    texture = _CEILING
                elif thing == -4:
                    texture = _CEILING
                    u, v = 0.1, 0.1
                elif thing >= 0:
                    texture = _BOXES + thing
                    but = thing
                    box = things[thing]
                    rx, ry = px - box[0], py - box[1]
                    ax, ay = box[6] * rx + box[7] * ry, box[6] * ry - box[7] * rx
                    lx, ly = 0.0, 0.0
                    if side == 0:
                        lx = 1.0 if ax > 0 else -1.0
                        u, v = ay * lx, pz
                    elif side == 1:
                        ly = 1.0 if ay > 0 else -1.0
                        u, v = -ax * ly, pz
                    elif side == 3:
                        lx, ly = ax / box[2], ay / box[2]
                        u, v = np.arctan2(ay, ax) * box[2], pz
                    else:
                        u, v = ax, ay
                    if side != 2:
                        nx, ny, nz = box[6] * lx - box[7] * ly, box[7] * lx + box[6] * ly, 0.0
                far = np.sqrt(dx * dx + dy * dy + dz * dz)
                slant = max(0.05, abs(nx * dx + ny * dy + nz * dz) / far)
                spread = best * far * pixel / SAMPLES / np.sqrt(slant)
                per_sample = spread * table[texture, REPEATS_PER_M_U] * table[texture, SIZE]
                level = 0
                while per_sample > 1.3:
                    per_sample *= 0.5
                    level += 1
                texel(texels, table[texture], u, v, level, colour)

                facing = nx * lamp[0, 0] + ny * lamp[0, 1] + nz * lamp[0, 2]
                direct = 0.0
                if facing > 0 and lamp[1, 1] > 0:
                    turn = corner * 4 + (x * 7 + y * 13) % 4 + 16 * ((x + 2 * y) % 3)
                    direct = facing * _reaches(
                        things, lamp[0], sun_radius, turn, px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz
                    )
                around = _corner_shade(things, px, py, pz, but)
                if thing >= 0 and side != 2:
                    around *= 1 - 0.35 * np.exp(-pz / 0.25)
                if ceiling > 0 and thing != -3:
                    around *= 0.86 + 0.14 * np.cos(px * 1.9) * np.cos(py * 1.3)
                up = 0.5 + 0.5 * nz
                haze = 0.0 if ceiling > 0 else 1 - np.exp(-best * far / 260.0)
                mirror = 0.0
                if thing >= 0 and things[thing, _GLASS] > 0 and side != 2:
                    mirror = 0.45 * (0.35 + 0.65 * (1 - slant) ** 3) * (0.55 + 0.45 * np.tanh(4 * dz))
                for channel in range(3):
                    sky = lamp[2, channel]
                    base = (sky * up + lamp[3, channel] * (1 - up)) * around
                    if thing == -3:
                        base = sky * 0.95
                    shade = colour[channel] * base * (1 - haze) + 0.8 * sky * haze + mirror * sky
                    sun = colour[channel] * lamp[1, channel] * direct * (1 - haze)
                    gain = lamp[5, channel] * dimming[y, x]
                    lit[channel] += grey((shade + sun) * gain)
                    dark[channel] += grey(shade * gain)
            for channel in range(3):
                image[y, x, channel] = np.uint8(min(255.0, lit[channel] / SAMPLES**2 + 0.5))
                sunless[y, x, channel] = np.uint8(min(255.0, dark[channel] / SAMPLES**2 + 0.5))


@numba.njit(cache=True, nogil=True)
def _sky(dx: float, dy: float, dz: float, lamp: Float64s, horizon: Float64s, colour: Float64s) -> None:
    """Light of the open sky, or of the far houses and trees before it."""
    flat = np.sqrt(dx * dx + dy * dy)
    climb = max(0.0, dz / (flat + 1e-9))
    place = (np.arctan2(dy, dx) / (2 * np.pi) + 0.5) * SKYLINE_STEPS
    first = int(place) % SKYLINE_STEPS
    if climb < horizon[first, 0]:
        for channel in range(3):
            colour[channel] = horizon[first, 1 + channel] * (lamp[2, channel] + 0.4 * lamp[1, channel])
        return
    blue = min(1.0, climb / 0.9)
    clear = lamp[1, 1] / (lamp[1, 1] + 0.3)
    for channel in range(3):
        deep = 1 - clear * blue * (0.62, 0.42, 0.12)[channel]
        colour[channel] = 1.15 * lamp[2, channel] * deep + 0.25 * lamp[1, channel] * (1 - blue)
