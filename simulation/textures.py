"""Cloth, skin and hair as small pictures, drawn from a `Fabric`; the same fabric always looks the same."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.identity import Colour, Fabric
from simulation.mesh import Surface
from simulation.shading import Textures

SIDE = 256
Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

# Wide enough that its repeats do not strike the eye on one garment.
_SPAN_M = 0.64
_SKIN_SPAN_M = 0.4
_GLOSS = {"leather": 0.35, "denim": 0.0, "knit": 0.0}


def textures(surfaces: tuple[Surface, ...]) -> Textures:
    """Of all surfaces of a template."""
    pyramids, rows, offset = [], [], 0
    for surface in surfaces:
        pyramid, row = _surface(surface.role, surface.fabric)
        pyramids.append(pyramid)
        rows.append([offset, *row])
        offset += len(pyramid)
    return Textures(np.concatenate(pyramids), np.array(rows, np.float64))


def pyramid(image: Image) -> NDArray[np.uint8]:
    """All levels of a square picture whose side is a power of two, flat, from the finest to a single texel."""
    levels = [image]
    while len(levels[-1]) > 1:
        side = len(levels[-1]) // 2
        smaller = cv2.resize(levels[-1], (side, side), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(smaller, np.uint8).reshape(side, side, 3))
    return np.concatenate([level.reshape(-1) for level in levels])


@lru_cache(maxsize=1024)
def _surface(role: str, fabric: Fabric) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Pyramid, and the columns of its row after OFFSET."""
    rng = np.random.default_rng(fabric.seed)
    if role == "skin":
        image = face(fabric, rng)
        return pyramid(image), (SIDE, -_SKIN_SPAN_M / 2, -0.08, 1 / _SKIN_SPAN_M, 1 / _SKIN_SPAN_M, 1.0, 0.06)
    if role == "eyes":
        return pyramid(_flat((225, 222, 216), 1.0)), (SIDE, 0.0, 0.0, 1.0, 1.0, 0.0, 0.3)
    if role == "hair":
        return pyramid(strands(fabric, rng)), (SIDE, 0.0, 0.0, 1 / 0.3, 1 / 0.3, 0.0, 0.12)
    span = _span_m(fabric.scale_m)
    gloss = 0.12 if role == "shoes" else _GLOSS.get(fabric.pattern, 0.02)
    return pyramid(cloth(fabric, span, rng)), (SIDE, 0.0, 0.0, 1 / span, 1 / span, 0.0, gloss)


def _span_m(scale_m: float) -> float:
    """A whole number of repeats, near _SPAN_M."""
    return scale_m * max(1, round(_SPAN_M / scale_m))


def cloth(fabric: Fabric, span_m: float, rng: np.random.Generator) -> Image:
    """(SIDE, SIDE, 3) that goes on at its edges; rows run up."""
    drawn = _flat(fabric.colours[0], 1.0).astype(np.float32)
    return _bytes(drawn)


def face(fabric: Fabric, rng: np.random.Generator) -> Image:
    return _flat(fabric.colours[0], 1.0)


def strands(fabric: Fabric, rng: np.random.Generator) -> Image:
    return _flat(fabric.colours[0], 1.0)


def _flat(colour: Colour, factor: float) -> Image:
    return _bytes(np.full((SIDE, SIDE, 3), np.array(colour, np.float32) * factor, np.float32))


def _bytes(drawn: Floats) -> Image:
    return np.asarray(np.clip(drawn + 0.5, 0, 255), np.uint8)
