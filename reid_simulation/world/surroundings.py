"""Any place in the open or in a hall, and any camera in it."""

import numpy as np

from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.identity import Colour
from reid_simulation.seams.scene import Box, Light, Material, Scene

FLOORS: tuple[Material, ...] = ("concrete", "tiles", "wood", "carpet", "asphalt", "grass", "paving")
SIDES: tuple[Material, ...] = ("concrete", "wood", "brick", "plaster", "glass", "metal", "shelves", "grass")
REACH_M = 30.0
"""How far around the middle things stand."""
NO_WALL_M = 13.0
"""Nearer to the middle, where the cameras are, a wall would hide everybody."""


def random_scene(rng: np.random.Generator) -> Scene:
    """Any floor, any things on it in any colour, any light."""
    return Scene(
        floor=FLOORS[rng.integers(len(FLOORS))],
        floor_colour=any_colour(rng, least=40, most=220),
        boxes=tuple(_box(rng) for _ in range(rng.integers(2, 14))),
        light=any_light(rng),
        is_indoors=bool(rng.random() < 0.5),
        seed=int(rng.integers(1 << 30)),
    )


def random_camera(rng: np.random.Generator, *, name: str, width: int, height: int) -> Camera:
    """A camera near the middle of the scene, at the height of an eye or of a lamp post, with any lens and sensor."""
    fov = rng.uniform(0.5, 1.4)
    height_m = float(np.exp(rng.uniform(np.log(1.2), np.log(6.5))))
    looks_at_m = np.exp(rng.uniform(np.log(3.0), np.log(30.0)))
    return Camera(
        name=name,
        x_m=rng.uniform(-6, 6),
        y_m=rng.uniform(-6, 6),
        height_m=height_m,
        pan=rng.uniform(-np.pi, np.pi),
        tilt=float(np.arctan2(height_m - 1.0, looks_at_m)),
        roll=rng.normal(0, 0.03),
        fov=fov,
        width=width,
        height=height,
        k1=rng.uniform(-0.12, 0.02),
        exposure=2 ** rng.uniform(-0.8, 0.6),
        cast=tuple((2 ** rng.normal(0, 0.12, 3)).tolist()),
        vignetting=rng.uniform(0, 0.4),
        noise=rng.uniform(0, 8),
        softness_px=rng.uniform(0, 1.0),
        seed=int(rng.integers(1 << 30)),
    )


def _box(rng: np.random.Generator) -> Box:
    """A wall, a pillar, a shelf, a desk, or something parked."""
    is_wall, is_round = rng.random() < 0.4, rng.random() < 0.2
    angle, distance_m = rng.uniform(-np.pi, np.pi), rng.uniform(NO_WALL_M if is_wall else 1.5, REACH_M)
    return Box(
        x_m=float(distance_m * np.cos(angle)),
        y_m=float(distance_m * np.sin(angle)),
        width_m=rng.uniform(2.0, 12.0) if is_wall else rng.uniform(0.2, 2.0),
        depth_m=0.3 if is_wall else rng.uniform(0.2, 1.5),
        height_m=rng.uniform(2.0, 6.0) if is_wall else rng.uniform(0.4, 2.6),
        turn=rng.uniform(0, np.pi),
        material=SIDES[rng.integers(len(SIDES))],
        colour=any_colour(rng, least=30, most=235),
        is_round=bool(is_round and not is_wall),
    )


def any_light(rng: np.random.Generator) -> Light:
    """Sun or lamps from anywhere, warm or cold."""
    sun = rng.uniform(0.0, 1.1)
    return Light(
        azimuth=rng.uniform(-np.pi, np.pi),
        elevation=rng.uniform(0.25, 1.4),
        sun=sun,
        ambient=rng.uniform(0.3, 0.8) + 0.2 * max(0.0, 0.6 - sun),
        sun_tint=_tint(rng),
        ambient_tint=_tint(rng),
    )


def _tint(rng: np.random.Generator) -> tuple[float, float, float]:
    warm = rng.normal(0, 0.12)
    return float(1 + warm), 1.0, float(1 - warm)


def any_colour(rng: np.random.Generator, *, least: int, most: int) -> Colour:
    """Mostly greyish, sometimes bright."""
    grey, spread = rng.uniform(least, most), rng.choice([8.0, 25.0, 70.0])
    red, green, blue = np.clip(grey + rng.normal(0, spread, 3), least, most).astype(int).tolist()
    return red, green, blue
