"""Images of nothing in particular: what may lie behind or before people where no photograph may be used.

Layers of noise, gradients, grids, poles, boxes, discs, polygons and lines in any colour and size. Poles and blobs as
tall as people are among them, so that a detector learns that not everything upright is somebody.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Layer = Callable[[Image, np.random.Generator], None]


def clutter(rng: np.random.Generator, *, height: int, width: int) -> Image:
    """(height, width, 3) uint8."""
    image = _ground(rng, height, width)
    for _ in range(rng.integers(3, 28)):
        _LAYERS[rng.integers(len(_LAYERS))](image, rng)
    if rng.random() < 0.5:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 2.5)), np.uint8)
    return image


def _ground(rng: np.random.Generator, height: int, width: int) -> Image:
    """Noise of several sizes about two colours that change over a horizon."""
    horizon = int(rng.uniform(0, 0.7) * height)
    image = np.empty((height, width, 3), np.float32)
    image[:horizon], image[horizon:] = _colour(rng), _colour(rng)
    for region in (image[:horizon], image[horizon:]):
        if region.size:
            region += _noise(rng, region.shape[0], width) * rng.uniform(5, 60)
    slope = np.linspace(rng.uniform(-40, 40), rng.uniform(-40, 40), height, dtype=np.float32)
    return np.asarray(np.clip(image + slope[:, None, None], 0, 255), np.uint8)


def _noise(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """(height, width, 3) about -1 to 1: of one colour more than of all, coarse and fine."""
    total = np.zeros((height, width, 3), np.float32)
    for size in 2.0 ** rng.uniform(0, 6, 3):
        cells = max(1, int(height / size)), max(1, int(width / size))
        shared = rng.uniform(-1, 1, (*cells, 1)) + 0.3 * rng.uniform(-1, 1, (*cells, 3))
        total += cv2.resize(shared.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR) / 3
    return total


def _pole(image: Image, rng: np.random.Generator) -> None:
    """Upright, as wide as a tree or a person; often with something on top of it, or a shadow side."""
    height, width = image.shape[:2]
    tall = int(np.exp(rng.uniform(np.log(0.08), np.log(1.0))) * height)
    wide = max(2, int(tall * rng.uniform(0.05, 0.5)))
    left, top = int(rng.uniform(-0.1, 1.0) * width), int(rng.uniform(-0.2, 0.9) * height)
    colour = _colour(rng)
    cv2.rectangle(image, (left, top), (left + wide, top + tall), colour.tolist(), -1)
    cv2.rectangle(image, (left, top), (left + wide // 2, top + tall), (colour * rng.uniform(0.5, 1)).tolist(), -1)
    if rng.random() < 0.4:
        size = int(wide * rng.uniform(0.4, 2.0))
        cv2.ellipse(image, (left + wide // 2, top), (size, size), 0, 0, 360, _colour(rng).tolist(), -1)


def _box(image: Image, rng: np.random.Generator) -> None:
    """A rectangle with texture: a door, a poster, a car from far."""
    height, width = image.shape[:2]
    h, w = (np.exp(rng.uniform(np.log(0.03), np.log(0.6), 2)) * (height, width)).astype(int) + 2
    top, left = int(rng.uniform(0, height - 2)), int(rng.uniform(0, width - 2))
    region = image[top : top + h, left : left + w]
    drawn = _colour(rng) + _noise(rng, *region.shape[:2]) * rng.uniform(0, 60)
    region[:] = np.clip(drawn, 0, 255).astype(np.uint8)


def _grid(image: Image, rng: np.random.Generator) -> None:
    """Lines side by side, upright and across: windows, tiles, fences, shelves."""
    height, width = image.shape[:2]
    top, left = int(rng.uniform(0, 0.8) * height), int(rng.uniform(0, 0.8) * width)
    region = image[top : top + int(rng.uniform(0.1, 0.6) * height), left : left + int(rng.uniform(0.1, 0.6) * width)]
    step = rng.integers(3, 40, 2)
    thick = np.maximum(1, step * rng.uniform(0.05, 0.5, 2)).astype(int)
    is_line = np.zeros(region.shape[:2], bool)
    if rng.random() < 0.7:
        is_line |= (np.arange(region.shape[0]) % step[0] < thick[0])[:, None]
    if rng.random() < 0.7:
        is_line |= (np.arange(region.shape[1]) % step[1] < thick[1])[None]
    region[is_line] = _colour(rng).astype(np.uint8)


def _disc(image: Image, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
    axes = np.exp(rng.uniform(np.log(0.01), np.log(0.25), 2)) * height + 1
    thick = -1 if rng.random() < 0.6 else int(rng.integers(1, 5))
    cv2.ellipse(image, centre, axes.astype(int).tolist(), rng.uniform(0, 180), 0, 360, _colour(rng).tolist(), thick)


def _polygon(image: Image, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    centre = rng.uniform(0, 1, 2) * (width, height)
    points = centre + rng.normal(0, np.exp(rng.uniform(np.log(5), np.log(0.3 * height))), (rng.integers(3, 8), 2))
    cv2.fillPoly(image, [points.astype(np.int32)], _colour(rng).tolist())


def _line(image: Image, rng: np.random.Generator) -> None:
    height, width = image.shape[:2]
    ends = (rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)).astype(int).tolist()
    cv2.line(image, ends[0], ends[1], _colour(rng).tolist(), int(rng.integers(1, 8)), cv2.LINE_AA)


def _leaves(image: Image, rng: np.random.Generator) -> None:
    """Many small blobs about a place: a tree, a crowd of things on a shelf."""
    height, width = image.shape[:2]
    centre, spread = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.03, 0.2) * height
    colour = _colour(rng)
    for _ in range(int(rng.integers(20, 120))):
        x, y = (centre + rng.normal(0, spread, 2)).astype(int).tolist()
        tint = np.clip(colour + rng.normal(0, 25, 3), 0, 255).tolist()
        cv2.circle(image, (x, y), int(rng.integers(1, 7)), tint, -1)


def _colour(rng: np.random.Generator) -> NDArray[np.float64]:
    """(3,): mostly greyish, sometimes bright."""
    spread = rng.choice([10.0, 30.0, 90.0])
    return np.clip(rng.uniform(10, 245) + rng.normal(0, spread, 3), 0, 255)


_LAYERS: tuple[Layer, ...] = (_pole, _pole, _pole, _box, _box, _grid, _grid, _disc, _polygon, _line, _leaves)
