"""Rooms with things in them, and cameras under their ceilings: what most cameras in buildings look at."""

from dataclasses import replace

import numpy as np

from reid_simulation.seams.cameras import Camera
from reid_simulation.seams.identity import Colour
from reid_simulation.seams.scene import Box, Material, Scene
from reid_simulation.world.surroundings import any_colour, any_light, random_camera

FLOORS: tuple[Material, ...] = ("concrete", "tiles", "tiles", "wood", "carpet", "paving")
WALLS: tuple[Material, ...] = (
    "plaster",
    "plaster",
    "plaster",
    "plaster",
    "concrete",
    "brick",
    "wood",
    "glass",
    "metal",
)
FURNITURE: tuple[Material, ...] = ("wood", "wood", "metal", "plaster", "concrete", "glass")
THICK_M = 0.2


def random_room(rng: np.random.Generator, *, name: str, width: int, height: int) -> tuple[Scene, Camera]:
    """A room around the middle of the world, and a camera in a corner or at a wall, mostly above everybody's head.

    Args:
        rng: of all that is drawn.
        name: of the camera.
        width: of the image, pixels.
        height: likewise.
    """
    half = rng.uniform(2.8, 9.0, 2)
    wall_m = rng.uniform(2.6, 4.5)
    camera = _camera(rng, half, wall_m, random_camera(rng, name=name, width=width, height=height))
    things = [_thing(rng, half, wall_m) for _ in range(rng.integers(1, 12))]
    scene = Scene(
        floor=FLOORS[rng.integers(len(FLOORS))],
        floor_colour=_likely_colour(rng, least=50, most=215),
        boxes=(*_walls(rng, half, wall_m), *(thing for thing in things if not _is_at(thing, camera))),
        light=any_light(rng),
        is_indoors=True,
        seed=int(rng.integers(1 << 30)),
    )
    return scene, camera


def _camera(rng: np.random.Generator, half: np.ndarray, wall_m: float, any_camera: Camera) -> Camera:
    """The lens and sensor of `any_camera`, somewhere near the walls, looking across."""
    place = rng.choice([-1.0, 1.0], 2) * (half - rng.uniform(0.2, 0.8, 2))
    if rng.random() < 0.4:
        side = int(rng.integers(2))
        place[side] *= rng.uniform(-1, 1)
    height_m = rng.uniform(1.4, 1.9) if rng.random() < 0.15 else rng.uniform(2.2, wall_m - 0.1)
    target = 0.35 * half * rng.normal(size=2)
    away = target - place
    return replace(
        any_camera,
        x_m=float(place[0]),
        y_m=float(place[1]),
        height_m=float(height_m),
        pan=float(np.arctan2(away[1], away[0])),
        tilt=float(np.arctan2(height_m - rng.uniform(0.4, 1.2), np.hypot(*away))),
        fov=rng.uniform(0.8, 1.4),
    )


def _walls(rng: np.random.Generator, half: np.ndarray, wall_m: float) -> list[Box]:
    """Four walls, most of one kind, some with a way out."""
    material, colour = WALLS[rng.integers(len(WALLS))], _likely_colour(rng, least=80, most=235)
    walls: list[Box] = []
    for side in range(4):
        if rng.random() < 0.3:
            material, colour = WALLS[rng.integers(len(WALLS))], _likely_colour(rng, least=50, most=235)
        along, across = half[side % 2], half[1 - side % 2] + THICK_M / 2
        way = np.sort(rng.uniform(-along, along, 2)) if rng.random() < 0.4 else np.array([along, along])
        for start, end in ((-along - THICK_M, way[0]), (way[1], along + THICK_M)):
            if end - start > 2 * THICK_M:
                walls.append(
                    Box(
                        *_turned(side, (start + end) / 2, across),
                        *_turned_sides(side, end - start, THICK_M),
                        height_m=wall_m,
                        material=material,
                        colour=colour,
                    )
                )
    return walls


def _thing(rng: np.random.Generator, half: np.ndarray, wall_m: float) -> Box:
    """A shelf or a cupboard at a wall, a counter or a table in the middle, a pillar or a screen."""
    kind = rng.choice(["wall", "middle", "round", "pillar", "screen"], p=[0.4, 0.25, 0.12, 0.13, 0.1])
    colour = _likely_colour(rng, least=30, most=235)
    material = FURNITURE[rng.integers(len(FURNITURE))]
    x, y = (0.85 * half * rng.uniform(-1, 1, 2)).tolist()
    if kind == "wall":
        side, depth_m = int(rng.integers(4)), rng.uniform(0.25, 0.7)
        length_m = min(2 * half[side % 2], rng.uniform(0.6, 6.0))
        place = _turned(side, rng.uniform(-1, 1) * (half[side % 2] - length_m / 2), half[1 - side % 2] - depth_m / 2)
        sides = _turned_sides(side, length_m, depth_m)
        kept: Material = "shelves" if rng.random() < 0.5 else material
        return Box(*place, *sides, height_m=rng.uniform(0.7, 2.4), material=kept, colour=colour)
    if kind == "middle":
        turn = rng.uniform(0, np.pi) if rng.random() < 0.3 else 0.0
        sides = rng.uniform(0.5, 2.6), rng.uniform(0.4, 1.0)
        shelf: Material = "shelves" if rng.random() < 0.3 else material
        return Box(x, y, *sides, height_m=rng.uniform(0.4, 1.6), turn=turn, material=shelf, colour=colour)
    if kind == "round":
        across_m = rng.uniform(0.3, 1.2)
        return Box(x, y, across_m, across_m, rng.uniform(0.4, 1.2), material=material, colour=colour, is_round=True)
    if kind == "pillar":
        across_m = rng.uniform(0.15, 0.7)
        is_round = bool(rng.random() < 0.5)
        return Box(x, y, across_m, across_m, wall_m, material=material, colour=colour, is_round=is_round)
    turn = rng.choice([0.0, np.pi / 2])
    return Box(x, y, rng.uniform(1.0, 3.5), 0.1, rng.uniform(1.2, 2.4), turn=turn, material=material, colour=colour)


def _turned(side: int, along_m: float, across_m: float) -> tuple[float, float]:
    """x and y of a place along one of the four sides, so far from the middle."""
    sign = 1.0 if side < 2 else -1.0
    place = (along_m, sign * across_m) if side % 2 == 0 else (sign * across_m, along_m)
    return float(place[0]), float(place[1])


def _turned_sides(side: int, along_m: float, across_m: float) -> tuple[float, float]:
    return (along_m, across_m) if side % 2 == 0 else (across_m, along_m)


def _is_at(thing: Box, camera: Camera) -> bool:
    """Whether it would stand in the camera or hide the room from it."""
    reach_m = max(thing.width_m, thing.depth_m) / 2 + 0.7
    is_high = thing.height_m > camera.height_m - 0.3
    return is_high and bool(np.hypot(thing.x_m - camera.x_m, thing.y_m - camera.y_m) < reach_m)


def _likely_colour(rng: np.random.Generator, *, least: int, most: int) -> Colour:
    """As paint, wood and stone have it: near grey, one time in four any."""
    if rng.random() < 0.25:
        return any_colour(rng, least=least, most=most)
    grey, warm = rng.uniform(least, most), rng.normal(0, 14)
    red, green, blue = np.clip(grey + np.array([warm, warm * 0.3, -warm]) + rng.normal(0, 5, 3), least, most).astype(
        int
    )
    return int(red), int(green), int(blue)
