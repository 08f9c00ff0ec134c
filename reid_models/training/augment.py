"""What a detector and a camera may do to a crop: other borders, tilt, mirror, light, blur, noise, things before it.

Numbers are drawn per crop; the same generator gives the same crop.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from learning.effects import EffectParams, seen_by_camera

Crop = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """
    Attributes:
        inwards: by how much a border may move towards the middle, in sides of the crop.
        outwards: by how much it may move away; what lies outside repeats the last pixel.
        turn: radians to either side.
        erase: share of crops of which a part is hidden.
        effects: of the camera.
    """

    inwards: float = 0.08
    outwards: float = 0.08
    turn: float = 0.08
    erase: float = 0.5
    effects: EffectParams = field(default=EffectParams())


def augment(
    crop: Crop, other: Crop, params: AugmentParams, rng: np.random.Generator, *, height: int, width: int
) -> Crop:
    """A crop as another camera might have seen it.

    Args:
        crop: (h, w, 3) uint8 RGB.
        other: a crop of any size, of which a part may stand before this one.
        params: see there.
        rng: of all that is drawn.
        height, width: of the result, pixels.
    """
    moved = seen_by_camera(_moved(crop, params, rng, height, width), params.effects, rng)
    return _erased(moved, other, rng) if rng.random() < params.erase else moved


def _moved(crop: Crop, params: AugmentParams, rng: np.random.Generator, height: int, width: int) -> Crop:
    """Other borders, half of the crops mirrored, tilted, at the size that is wanted."""
    h, w = crop.shape[:2]
    top, bottom = rng.uniform(-params.outwards, params.inwards, 2) * (h, -h) + (0, h)
    left, right = rng.uniform(-params.outwards, params.inwards, 2) * (w, -w) + (0, w)
    if rng.random() < 0.5:
        left, right = right, left
    turn = np.tan(rng.uniform(-params.turn, params.turn))
    slope_x, slope_y = turn * h / 2, turn * w / 2
    corners = np.array(
        [[left + slope_x, top - slope_y], [right + slope_x, top + slope_y], [left - slope_x, bottom - slope_y]]
    )
    target = np.array([[0, 0], [width, 0], [0, height]])
    matrix = cv2.getAffineTransform(corners.astype(np.float32), target.astype(np.float32))
    moved = cv2.warpAffine(crop, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _erased(crop: Crop, other: Crop, rng: np.random.Generator) -> Crop:
    """A rectangle is hidden by noise, one colour, or the same part of another crop.

    After Zhong et al., "Random Erasing Data Augmentation", AAAI 2020: 4 to 35 parts in 100 of the area.
    """
    height, width = crop.shape[:2]
    area = rng.uniform(0.04, 0.35) * height * width
    shape = np.exp(rng.uniform(np.log(0.4), np.log(3.0)))
    h, w = min(height, max(1, round(np.sqrt(area * shape)))), min(width, max(1, round(np.sqrt(area / shape))))
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    erased = crop.copy()
    hidden = erased[top : top + h, left : left + w]
    match int(rng.integers(0, 3)):
        case 0:
            hidden[:] = rng.integers(0, 256, hidden.shape, np.uint8)
        case 1:
            hidden[:] = rng.integers(0, 256, 3, np.uint8)
        case _:
            hidden[:] = cv2.resize(other, (width, height))[top : top + h, left : left + w]
    return erased
