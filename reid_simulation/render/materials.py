"""Floors, walls and shelves as small images."""

from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_simulation.render.noise import clouds, grain
from reid_simulation.render.shading import Float64s, Textures
from reid_simulation.render.textures import pyramid
from reid_simulation.seams.identity import Colour
from reid_simulation.seams.scene import Material, Scene

SIDE = 512
SKYLINE_STEPS = 2048
_SPAN_M: dict[Material, float] = {
    "concrete": 4.0, "tiles": 3.6, "wood": 3.0, "carpet": 3.0, "asphalt": 4.0, "grass": 4.0, "paving": 3.0,
    "brick": 2.0, "plaster": 4.0, "glass": 3.0, "metal": 2.0, "shelves": 2.4,
}  # fmt: skip
_CEILING_SPAN_M = 4.8
# What looks otherwise from above.
_TOPS: dict[Material, Material] = {"shelves": "metal", "brick": "concrete", "glass": "metal"}
Floats = NDArray[np.float32]
Image = NDArray[np.uint8]


def scene_textures(scene: Scene) -> Textures:
    """Rows: floor, ceiling, the sides of all boxes in their order, their tops."""
    wanted: list[tuple[Material | None, Colour]] = [(scene.floor, scene.floor_colour), (None, (205, 205, 205))]
    wanted += [(box.material, box.colour) for box in scene.boxes]
    wanted += [(_TOPS.get(box.material, box.material), box.colour) for box in scene.boxes]
    offsets: dict[tuple[Material | None, Colour], int] = {}
    texels: list[NDArray[np.uint8]] = []
    rows = []
    offset = 0
    for material, colour in wanted:
        key = (material, colour)
        if key not in offsets:
            offsets[key] = offset
            texels.append(pyramid(material_image(material, colour, scene.seed) if material else ceiling_image()))
            offset += len(texels[-1])
        repeats = 1 / (_SPAN_M[material] if material else _CEILING_SPAN_M)
        # Images run down, heights up.
        rows.append([offsets[key], SIDE, 0.0, 0.0, repeats, -repeats, 0.0, 0.0])
    return Textures(np.concatenate(texels), np.array(rows, np.float64))


def mean_reflectance(paints: Textures, row: int) -> tuple[float, float, float]:
    """Of one texture: its coarsest level."""
    start = int(paints.table[row, 0]) + 4 * (SIDE * SIDE - 1)
    red, green, blue = (float(value) for value in (paints.texels[start : start + 3] / 255.0) ** 2)
    return red, green, blue


@lru_cache(maxsize=64)
def material_image(material: Material, colour: Colour, seed: int) -> Image:
    """(SIDE, SIDE, 3) that goes on at its edges."""
    rng = np.random.default_rng([seed, len(material), *colour])
    ground = np.array(colour, np.float32) * np.ones((SIDE, SIDE, 1), np.float32)
    match material:
        case "tiles":
            drawn = _slabs(ground, rng, across=6, down=6, joint=0.72, spread=0.04)
        case "paving":
            drawn = _slabs(_spotted(ground, 0.10), rng, across=10, down=10, joint=0.55, spread=0.10)
        case "brick":
            drawn = _bricks(_spotted(ground, 0.12), rng)
        case "wood":
            drawn = _planks(ground, rng)
        case "shelves":
            drawn = _shelves(ground, rng)
        case "metal":
            panels = np.asarray(ground * (1 + 0.02 * clouds(SIDE, 2)[..., None]), np.float32)
            drawn = _slabs(panels, rng, across=2, down=1, joint=0.6, spread=0.02)
        case "glass":
            drawn = _slabs(ground, rng, across=2, down=1, joint=0.45, spread=0.06)
        case "grass":
            drawn = _spotted(ground, 0.35) * (1 + 0.25 * clouds(SIDE, 6)[..., None])
        case "asphalt":
            drawn = _spotted(ground, 0.22) * (1 + 0.10 * clouds(SIDE, 4)[..., None])
        case "carpet":
            drawn = _spotted(ground, 0.14) * (1 + 0.05 * clouds(SIDE, 5)[..., None])
        case "concrete" | "plaster":
            strength = 0.035 if material == "concrete" else 0.015
            stains = clouds(SIDE, 3) + 0.5 * clouds(SIDE, 12)
            drawn = np.asarray(_spotted(ground, 0.03) * (1 + strength * stains[..., None]), np.float32)
    return np.asarray(np.clip(drawn + 0.5, 0, 255), np.uint8)


@lru_cache(maxsize=16)
def skyline(seed: int) -> Float64s:
    """(SKYLINE_STEPS, 4): how high houses and trees rise over the horizon (tangent), and their colour, by direction."""
    rng = np.random.default_rng([seed, 77])
    rows = np.zeros((SKYLINE_STEPS, 4))
    place = 0
    while place < SKYLINE_STEPS:
        width = int(rng.integers(8, 70))
        is_tree = rng.random() < 0.4
        step = rows[place : place + width]
        step[:, 0] = rng.uniform(0.02, 0.09)
        if is_tree:
            step[:, 0] *= 0.5 + 0.5 * np.sin(np.linspace(0, np.pi, len(step))) + rng.normal(0, 0.05, len(step))
        ground = (0.10, 0.14, 0.09) if is_tree else tuple(rng.uniform(0.2, 0.45) * np.array([1.0, 0.95, 0.88]))
        step[:, 1:] = 0.55 * np.array(ground) + 0.45 * 0.5
        place += width
    return rows


def _goods(rng: np.random.Generator) -> NDArray[np.float64]:
    """A colour of packages: mostly white, brown and dull, sometimes loud."""
    grey = rng.uniform(60, 215)
    return np.clip(grey + rng.normal(0, rng.choice([12.0, 30.0, 70.0]), 3) + [10, 2, -12], 15, 240)


@lru_cache(maxsize=1)
def ceiling_image() -> Image:
    """(SIDE, SIDE, 3): panels, and some of them lamps: the brightest texels, which `background.py` takes for light."""
    rng = np.random.default_rng(4)
    drawn = np.full((SIDE, SIDE, 3), 205, np.float32) * (1 + 0.02 * grain(SIDE, 1)[..., None])
    step = SIDE // 8
    for row in range(8):
        for column in range(8):
            panel = drawn[row * step : (row + 1) * step, column * step : (column + 1) * step]
            panel *= 1 + rng.normal(0, 0.01)
            if row % 4 == 1 and column % 4 in (1, 2):
                panel[:] = 255
            panel[:2] = panel[:, :2] = 170
    return np.asarray(np.clip(drawn, 0, 255), np.uint8)


def _spotted(ground: Floats, strength: float) -> Floats:
    return np.asarray(ground * (1 + strength * grain(SIDE, 1)[..., None]), np.float32)


def _slabs(ground: Floats, rng: np.random.Generator, *, across: int, down: int, joint: float, spread: float) -> Floats:
    edges_x, edges_y = (np.linspace(0, SIDE, count + 1).astype(int) for count in (across, down))
    drawn = ground * (1 + 0.03 * clouds(SIDE, 4)[..., None])
    for x0, x1 in pairwise(edges_x):
        for y0, y1 in pairwise(edges_y):
            drawn[y0:y1, x0:x1] *= 1 + rng.normal(0, spread)
            drawn[y0 : y0 + 2, x0:x1] *= joint
            drawn[y0:y1, x0 : x0 + 2] *= joint
    return drawn


def _bricks(ground: Floats, rng: np.random.Generator) -> Floats:
    drawn = ground.copy()
    rows, across = 28, 8
    edges = np.linspace(0, SIDE, rows + 1).astype(int)
    width = SIDE // across
    for row, (y0, y1) in enumerate(pairwise(edges)):
        shift = (row % 2) * width // 2
        for column in range(across):
            columns = (np.arange(width) + column * width + shift) % SIDE
            drawn[y0:y1, columns] *= 1 + rng.normal(0, 0.10)
            drawn[y0:y1, columns[:3]] = (150, 146, 138)
        drawn[y0 : y0 + 3] = (150, 146, 138)
    return drawn


def _planks(ground: Floats, rng: np.random.Generator) -> Floats:
    drawn = ground.copy()
    edges = np.linspace(0, SIDE, 21).astype(int)
    for y0, y1 in pairwise(edges):
        fibre = np.roll(grain(SIDE, 2), rng.integers(SIDE), axis=1)[:1].repeat(y1 - y0, axis=0)
        streaks = cv2.GaussianBlur(grain(SIDE, 1)[y0:y1], (31, 1), 0)
        drawn[y0:y1] *= (1 + rng.normal(0, 0.08)) * (1 + 0.03 * fibre + 0.25 * streaks)[..., None]
        drawn[y0] *= 0.6
        start = int(rng.integers(SIDE))
        drawn[y0:y1, start : start + 2] *= 0.65
    return drawn


def _shelves(ground: Floats, rng: np.random.Generator) -> Floats:
    """Boards with goods on them; the bottom row of the image is the floor."""
    drawn = 0.35 * ground
    boards = 6
    edges = np.linspace(0, SIDE, boards + 1).astype(int)
    for y0, y1 in pairwise(edges):
        place = 2
        while place < SIDE - 6:
            width = int(rng.integers(14, 46))
            count = int(rng.integers(1, 5))
            tall = int((y1 - y0) * rng.uniform(0.45, 0.85))
            paint = _goods(rng)
            label = 0.5 * _goods(rng) + 110
            for _ in range(count):
                end = min(place + width, SIDE - 4)
                drawn[y1 - tall : y1 - 3, place : end - 2] = paint * rng.uniform(0.9, 1.05)
                drawn[y1 - tall // 2 - 4 : y1 - tall // 2 + 5, place + 2 : max(place + 3, end - 4)] = label
                place = end
                if place >= SIDE - 6:
                    break
            place += int(rng.integers(0, 8))
        drawn[y0 : y0 + 9] *= 0.6
        drawn[y1 - 6 : y1] = ground[y1 - 6 : y1] * 0.9
    drawn[:, :4] = ground[:, :4] * 0.8
    return drawn
