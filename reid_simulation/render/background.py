"""What a camera sees when nobody is there: a ray through each sample, cast once, so that depth and floor are exact."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.materials import SKYLINE_STEPS, mean_reflectance, scene_textures, skyline
from reid_simulation.render.raster import SAMPLES, Float32s, View
from reid_simulation.render.shading import (
    REPEATS_PER_M_U,
    SIZE,
    Bytes,
    Float64s,
    grey,
    lamps,
    texel,
)
from reid_simulation.render.things import GLASS, corner_shade, meet, sun_part, sunlit_levels, things_of
from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.scene import Scene

# Rows of `scene_textures`: floor, ceiling, one per box for its sides, one per box for its top.
_FLOOR, _CEILING, _BOXES = 0, 1, 2
_CEILING_M = 3.2
# Nothing is farther away indoors.
_HALL_M = 70.0
# Of the sun, or of the lamps that stand for it: its shadows have soft edges.
_SUN_RADIUS, _LAMP_RADIUS = 0.012, 0.12
_HAZE_M = 260.0
# What a ray meets, beside things.
_SKY, _GROUND, _ROOF, _FAR_WALL = -1, -2, -3, -4


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
    """About a second for a large image."""
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


def sunlit(background: Background, x_m: float, y_m: float) -> Float64s:
    """How much of the sun reaches somebody there, at heights SUNLIT_STEP_M apart."""
    return sunlit_levels(x_m, y_m, background.things, background.lamp[0], background.sun_radius)


def _dimming(camera: Camera) -> Float32s:
    ys, xs = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    square = (xs + 0.5 - camera.width / 2) ** 2 + (ys + 0.5 - camera.height / 2) ** 2
    corner = (camera.width**2 + camera.height**2) / 4
    return np.asarray(1 - camera.vignetting * square / corner, np.float32)


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
        distance, hit = meet(things[row], ox, oy, oz, dx, dy, dz)
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
        direct = facing * sun_part(things, lamp[0], sun_radius, px + 1e-3 * nx, py + 1e-3 * ny, pz + 1e-3 * nz)
    around = corner_shade(things, px, py, pz, thing)
    if thing >= 0 and side != 2:
        around *= 1 - 0.35 * np.exp(-pz / 0.25)
    if ceiling > 0 and thing != _ROOF:
        around *= 0.86 + 0.14 * np.cos(px * 1.9) * np.cos(py * 1.3)
    up = 0.5 + 0.5 * nz
    haze = 0.0 if ceiling > 0 else 1 - np.exp(-depth * far / _HAZE_M)
    mirror = 0.0
    if thing >= 0 and things[thing, GLASS] > 0 and side != 2:
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
