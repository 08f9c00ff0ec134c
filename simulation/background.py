"""What a camera sees when nobody is there: a ray through each sample, cast once, so that depth and floor are exact."""

from dataclasses import dataclass, replace
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

# Rows of `scene_textures`: floor, ceiling, one per box for its sides, one per box for its top.
_FLOOR, _CEILING, _BOXES = 0, 1, 2
_CEILING_M = 3.2
# Nothing is farther away indoors.
_HALL_M = 70.0
_SUNLIT_LEVELS = 5
# Of the sun, or of the lamps that stand for it: its shadows have soft edges.
_SUN_RADIUS, _LAMP_RADIUS = 0.012, 0.12
_SUN_TURNS, _SUN_RIM = 24, 5
_HAZE_M = 260.0
# What a ray meets, beside things.
_SKY, _GROUND, _ROOF, _FAR_WALL = -1, -2, -3, -4
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
        things: (B, 10), what stands in the scene; see `things_of`.
        sun_radius: of the sun, or of the lamps that stand for it, at distance 1.
    """

    view: View
    image: Bytes
    sunless: Bytes
    nearness: Float32s
    floor: Float32s
    dimming: Float32s
    lamp: Float64s
    things: Float64s
    sun_radius: float


def background(scene: Scene, camera: Camera) -> Background:
    """About a second for a large picture."""
    paints = scene_textures(scene)
    shape = (camera.height, camera.width)
    empty = Background(
        view=View(camera.position_m, camera.rotation, camera.lens),
        image=np.zeros((*shape, 3), np.uint8),
        sunless=np.zeros((*shape, 3), np.uint8),
        nearness=np.zeros((SAMPLES * camera.height, SAMPLES * camera.width), np.float32),
        floor=np.zeros((*shape, 2), np.float32),
        dimming=_dimming(camera),
        lamp=lamps(scene.light, camera, mean_reflectance(paints, _FLOOR)),
        things=things_of(scene),
        sun_radius=_LAMP_RADIUS if scene.is_indoors else _SUN_RADIUS,
    )
    ceiling = ceiling_m(scene, camera.height_m) if scene.is_indoors else 0.0
    _cast(
        empty.view, empty.things, paints.texels, paints.table, empty.lamp, skyline(scene.seed), ceiling,
        empty.sun_radius, empty.dimming, empty.nearness, empty.floor, empty.image, empty.sunless,
    )  # fmt: skip
    return empty


def part(whole: Background, box: tuple[int, int, int, int], width: int, height: int) -> Background:
    """The part of a background in `box`, x1 y1 x2 y2 whole pixels inside it, drawn as width x height pixels."""
    x1, y1, x2, y2 = box

    def cut(field: NDArray[Any], scale: int, interpolation: int) -> NDArray[Any]:
        window = field[scale * y1 : scale * y2, scale * x1 : scale * x2]
        return cv2.resize(window, (scale * width, scale * height), interpolation=interpolation)

    view = whole.view
    return replace(
        whole,
        view=view._replace(
            left=view.left + x1 / view.zoom_x,
            top=view.top + y1 / view.zoom_y,
            zoom_x=view.zoom_x * width / (x2 - x1),
            zoom_y=view.zoom_y * height / (y2 - y1),
        ),
        image=cut(whole.image, 1, cv2.INTER_LINEAR),
        sunless=cut(whole.sunless, 1, cv2.INTER_LINEAR),
        nearness=cut(whole.nearness, SAMPLES, cv2.INTER_NEAREST_EXACT),
        floor=cut(whole.floor, 1, cv2.INTER_NEAREST_EXACT),
        dimming=cut(whole.dimming, 1, cv2.INTER_LINEAR),
    )


def ceiling_m(scene: Scene, camera_height_m: float) -> float:
    """High enough for all that stands there, and the camera."""
    highest = max((box.bottom_m + box.height_m for box in scene.boxes), default=0.0)
    return max(_CEILING_M, camera_height_m + 0.4, highest)


def things_of(scene: Scene) -> Float64s:
    """(B, 10): x, y, half width and depth, bottom, top, cosine and sine of its turn, is round, is glass."""

    def row(box: Box) -> list[float]:
        half = (box.width_m / 2, (box.width_m if box.is_round else box.depth_m) / 2)
        span = (box.bottom_m, box.bottom_m + box.height_m)
        turn = (float(np.cos(box.turn)), float(np.sin(box.turn)))
        return [box.x_m, box.y_m, *half, *span, *turn, float(box.is_round), float(box.material == "glass")]

    return np.array([row(box) for box in scene.boxes], np.float64).reshape(-1, 10)


def sunlit(background: Background, x_m: float, y_m: float) -> Float64s:
    """How much of the sun reaches somebody there, at heights SUNLIT_STEP_M apart."""
    return _sunlit(x_m, y_m, background.things, background.lamp[0], background.sun_radius)


def _dimming(camera: Camera) -> Float32s:
    ys, xs = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    square = (xs + 0.5 - camera.width / 2) ** 2 + (ys + 0.5 - camera.height / 2) ** 2
    corner = (camera.width**2 + camera.height**2) / 4
    return np.asarray(1 - camera.vignetting * square / corner, np.float32)


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
def hides(things: Float64s, eye: Float64s, point: Float64s) -> bool:
    """Whether one of the things, of `things_of`, stands between an eye and a point: (3,) metres each."""
    dx, dy, dz = point[0] - eye[0], point[1] - eye[1], point[2] - eye[2]
    for row in range(len(things)):
        distance, _ = _meet(things[row], eye[0], eye[1], eye[2], dx, dy, dz)
        if distance < 1.0:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _reaches(things: Float64s, sun: Float64s, radius: float, turn: int, x: float, y: float, z: float) -> float:
    """1 if a point of the sun's disc, chosen by `turn`, is seen from x, y, z, and 0 if a thing is before it."""
    angle = 2.4 * turn
    reach = radius * np.sqrt((turn + 0.5) / _SUN_TURNS)
    dx = sun[0] + reach * np.cos(angle)
    dy = sun[1] + reach * np.sin(angle)
    for row in range(len(things)):
        distance, _ = _meet(things[row], x, y, z, dx, dy, sun[2])
        if distance < np.inf:
            return 0.0
    return 1.0


@numba.njit(cache=True, nogil=True)
def _sunlit(x: float, y: float, things: Float64s, sun: Float64s, radius: float) -> Float64s:
    part = np.zeros(_SUNLIT_LEVELS)
    for level in range(_SUNLIT_LEVELS):
        for turn in range(_SUN_TURNS):
            seen = _reaches(things, sun, radius, turn, x, y, level * SUNLIT_STEP_M + 0.05)
            part[level] += seen / _SUN_TURNS
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
    view: View,
    things: Float64s,
    texels: Bytes,
    table: Float64s,
    lamp: Float64s,
    horizon: Float64s,
    ceiling: float,
    sun_radius: float,
    dimming: Float32s,
    nearness: Float32s,
    floor: Float32s,
    image: Bytes,
    sunless: Bytes,
) -> None:
    """Fill the last four, see `Background`; `ceiling` 0 is the open sky."""
    ox, oy, oz = view.position
    colour, lit, dark = np.zeros(3), np.zeros(3), np.zeros(3)
    rays, depths = np.zeros((4, 3)), np.zeros(4)
    hits, sides = np.zeros(4, np.int64), np.zeros(4, np.int64)
    middle = np.zeros(3)
    pixel = 1 / view.lens[0]
    for y in range(dimming.shape[0]):
        for x in range(dimming.shape[1]):
            is_one = True
            for corner in range(4):
                sample_y, sample_x = SAMPLES * y + corner // SAMPLES, SAMPLES * x + corner % SAMPLES
                _ray((sample_x + 0.5) / SAMPLES, (sample_y + 0.5) / SAMPLES, view, rays[corner])
                depths[corner], hits[corner], sides[corner] = _nearest(rays[corner], ox, oy, oz, things, ceiling)
                nearness[sample_y, sample_x] = 1 / depths[corner] if depths[corner] < np.inf else 0.0
                is_one = is_one and hits[corner] == hits[0] and sides[corner] == sides[0]
            lit[:] = 0
            dark[:] = 0
            gain = dimming[y, x]
            floor[y, x] = np.nan
            if is_one and hits[0] != _SKY:
                _ray(x + 0.5, y + 0.5, view, middle)
                depth, hit, side = _nearest(middle, ox, oy, oz, things, ceiling)
                # Between four samples of one side there is nothing else, but for what is thinner than a sample.
                if hit != hits[0] or side != sides[0]:
                    middle[:] = rays[0]
                    depth = depths[0]
                if hits[0] == _GROUND:
                    floor[y, x, 0] = ox + depth * middle[0]
                    floor[y, x, 1] = oy + depth * middle[1]
                _leave(
                    view.position, middle, depth, hits[0], sides[0], 1.0, pixel, things, texels, table, lamp,
                    ceiling, sun_radius, gain, colour, lit, dark,
                )  # fmt: skip
            else:
                for corner in range(4):
                    if hits[corner] == _SKY:
                        _sky(rays[corner], lamp, horizon, colour)
                        for channel in range(3):
                            level = 0.25 * grey(colour[channel] * lamp[5, channel] * gain)
                            lit[channel] += level
                            dark[channel] += level
                        continue
                    if hits[corner] == _GROUND:
                        floor[y, x, 0] = ox + depths[corner] * rays[corner, 0]
                        floor[y, x, 1] = oy + depths[corner] * rays[corner, 1]
                    _leave(
                        view.position, rays[corner], depths[corner], hits[corner], sides[corner], 0.25, 0.5 * pixel,
                        things, texels, table, lamp, ceiling, sun_radius, gain, colour, lit, dark,
                    )  # fmt: skip
            for channel in range(3):
                image[y, x, channel] = np.uint8(min(255.0, lit[channel] + 0.5))
                sunless[y, x, channel] = np.uint8(min(255.0, dark[channel] + 0.5))


@numba.njit(cache=True, nogil=True)
def _ray(x: float, y: float, view: View, ray: Float64s) -> None:
    """Direction in the world of a pixel, 1 deep along the axis; `Camera.rays` for compiled code."""
    focal, centre_x, centre_y, k1, k2, limit, reach, slope = view.lens
    px, py = (x - centre_x) / focal, (y - centre_y) / focal
    bent = np.sqrt(px * px + py * py)
    if bent > 0 and (k1 != 0 or k2 != 0):
        if bent > reach:
            radius = limit + (bent - reach) / slope
        else:
            radius = min(bent, limit)
            for _ in range(8):
                square = radius * radius
                value = radius * (1 + square * (k1 + square * k2)) - bent
                radius = min(max(radius - value / (1 + square * (3 * k1 + 5 * square * k2)), 0.0), limit)
        px *= radius / bent
        py *= radius / bent
    for axis in range(3):
        ray[axis] = view.rotation[0, axis] * px + view.rotation[1, axis] * py + view.rotation[2, axis]


@numba.njit(cache=True, nogil=True)
def _nearest(
    ray: Float64s, ox: float, oy: float, oz: float, things: Float64s, ceiling: float
) -> tuple[float, int, int]:
    """Depth along a ray, what it meets there (row of `things`, or below 0), and its side."""
    dx, dy, dz = ray
    best, thing, side = np.inf, _SKY, 2
    if dz < 0:
        best, thing = -oz / dz, _GROUND
    elif dz > 0 and ceiling > 0:
        best, thing = (ceiling - oz) / dz, _ROOF
    for row in range(len(things)):
        distance, hit = _meet(things[row], ox, oy, oz, dx, dy, dz)
        if distance < best:
            best, thing, side = distance, row, hit
    if ceiling > 0 and best > _HALL_M:
        best, thing, side = _HALL_M, _FAR_WALL, 2
    return best, thing, side


@numba.njit(cache=True, nogil=True)
def _leave(
    origin: Float64s,
    ray: Float64s,
    depth: float,
    thing: int,
    side: int,
    share: float,
    pixel: float,
    things: Float64s,
    texels: Bytes,
    table: Float64s,
    lamp: Float64s,
    ceiling: float,
    sun_radius: float,
    gain: float,
    colour: Float64s,
    lit: Float64s,
    dark: Float64s,
) -> None:
    """Add `share` of the grey level of a point that a ray meets, with the sun and without."""
    dx, dy, dz = ray
    px, py, pz = origin[0] + depth * dx, origin[1] + depth * dy, origin[2] + depth * dz
    nx, ny, nz = 0.0, 0.0, 1.0 if dz < 0 else -1.0
    u, v = px, py
    texture = _FLOOR
    if thing == _ROOF:
        texture = _CEILING
    elif thing == _FAR_WALL:
        texture = _CEILING
        u, v = 0.1, 0.1
    elif thing >= 0:
        texture = _BOXES + thing
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
            texture += len(things)
        if side != 2:
            nx, ny, nz = box[6] * lx - box[7] * ly, box[7] * lx + box[6] * ly, 0.0
    far = np.sqrt(dx * dx + dy * dy + dz * dz)
    slant = max(0.05, abs(nx * dx + ny * dy + nz * dz) / far)
    texels_across = depth * far * pixel / np.sqrt(slant) * table[texture, REPEATS_PER_M_U] * table[texture, SIZE]
    level = 0
    while texels_across > 1.4:
        texels_across *= 0.5
        level += 1
    colour[0], colour[1], colour[2] = texel(texels, table, texture, u, v, level)
    facing = nx * lamp[0, 0] + ny * lamp[0, 1] + nz * lamp[0, 2]
    direct = 0.0
    if facing > 0 and lamp[1, 1] > 0:
        direct = facing * _sun_part(things, lamp[0], sun_radius, px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz)
    around = _corner_shade(things, px, py, pz, thing)
    if thing >= 0 and side != 2:
        around *= 1 - 0.35 * np.exp(-pz / 0.25)
    if ceiling > 0 and thing != _ROOF:
        around *= 0.86 + 0.14 * np.cos(px * 1.9) * np.cos(py * 1.3)
    up = 0.5 + 0.5 * nz
    haze = 0.0 if ceiling > 0 else 1 - np.exp(-depth * far / _HAZE_M)
    mirror = 0.0
    if thing >= 0 and things[thing, _GLASS] > 0 and side != 2:
        mirror = 0.45 * (0.35 + 0.65 * (1 - slant) ** 3) * (0.55 + 0.45 * np.tanh(4 * dz))
    for channel in range(3):
        sky = lamp[2, channel]
        base = (sky * up + lamp[3, channel] * (1 - up)) * around
        if thing == _ROOF:
            # Of all a ceiling's texels only lamps are white, and they shine.
            base = sky * (0.80 + (3.0 if colour[1] > 0.97 else 0.0))
        shade = colour[channel] * base * (1 - haze) + 0.8 * sky * haze + mirror * sky
        sun = colour[channel] * lamp[1, channel] * direct * (1 - haze)
        lit[channel] += share * grey((shade + sun) * lamp[5, channel] * gain)
        dark[channel] += share * grey(shade * lamp[5, channel] * gain)


@numba.njit(cache=True, nogil=True)
def _sun_part(things: Float64s, sun: Float64s, radius: float, x: float, y: float, z: float) -> float:
    """Part of the sun's disc that is seen; all of its points are asked only where some at its rim differ."""
    seen = 0.0
    for turn in range(_SUN_TURNS - _SUN_RIM, _SUN_TURNS):
        seen += _reaches(things, sun, radius, turn, x, y, z)
    if seen == 0.0 or seen == _SUN_RIM:
        return seen / _SUN_RIM
    for turn in range(_SUN_TURNS - _SUN_RIM):
        seen += _reaches(things, sun, radius, turn, x, y, z)
    return seen / _SUN_TURNS


@numba.njit(cache=True, nogil=True)
def _sky(ray: Float64s, lamp: Float64s, horizon: Float64s, colour: Float64s) -> None:
    """Light of the open sky, or of the far houses and trees before it."""
    dx, dy, dz = ray
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
