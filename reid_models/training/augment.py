"""What detector and camera may do to a crop: borders, tilt, mirror, background, light, blur, noise, things before it.

Numbers are drawn per crop; the same generator gives the same crop.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_learning.effects import EffectParams, seen_by_camera

Image = NDArray[np.uint8]
EFFECTS_PX = 128
"""Height of the crops that the effects are meant for."""
MOST_INWARDS = 0.45
"""A border never comes nearer to the middle than this leaves, in sides of the person's box."""


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """Sides are those of the person's box; shares are of crops, between 0 and 1.

    Attributes:
        shift: standard deviation of a border's place, in sides.
        wild: share of crops whose borders are far off, as a poor detector's are.
        wild_shift: standard deviation of theirs.
        turn: radians to either side.
        swap: share of crops with a mask whose background is another; without it, it tells who is there.
        erase: share of crops of which a part is hidden.
        effects: of the camera.
    """

    shift: float = 0.04
    wild: float = 0.12
    wild_shift: float = 0.18
    turn: float = 0.06
    swap: float = 0.8
    erase: float = 0.25
    effects: EffectParams = field(default=EffectParams())

    def weaker(self, strength: float) -> "AugmentParams":
        """The same with ranges and shares that are `strength`, 0 to 1, of these; backgrounds change as often."""
        return replace(
            self,
            shift=self.shift * strength,
            wild=self.wild * strength,
            turn=self.turn * strength,
            erase=self.erase * strength,
            effects=self.effects.weaker(strength),
        )


def augment(
    crop: Image,
    others: Sequence[Image],
    params: AugmentParams,
    rng: np.random.Generator,
    *,
    margin: float,
    height: int,
    width: int,
) -> Image:
    """A crop as another camera and another detector might have had it.

    Args:
        crop: (h, w, 3) uint8 RGB, or (h, w, 4) with the person's mask.
        others: images, of which parts may stand behind or before the person.
        params: see there.
        rng: of all that is drawn.
        margin: of the crop, see `CropSet`.
        height, width: of the result, pixels.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    moved = _moved(crop, params, rng, margin, height, width)
    image = np.ascontiguousarray(moved[..., :3])
    if crop.shape[2] == 4 and rng.random() < params.swap:
        image = _before(image, moved[..., 3], _part_of(others, rng, height, width))
    image = seen_by_camera(image, params.effects, rng, scale=height / EFFECTS_PX)
    return _erased(image, others, rng) if rng.random() < params.erase else image


def _moved(
    crop: Image, params: AugmentParams, rng: np.random.Generator, margin: float, height: int, width: int
) -> Image:
    """Other borders, half of the crops mirrored, tilted, at the size that is wanted."""
    h, w = crop.shape[:2]
    box_h, box_w = h * (1 - 2 * margin), w * (1 - 2 * margin)
    shift = params.wild_shift if rng.random() < params.wild else params.shift
    inwards = np.minimum(rng.normal(0, shift, 4), MOST_INWARDS)
    top, bottom = h * margin + inwards[0] * box_h, h * (1 - margin) - inwards[1] * box_h
    left, right = w * margin + inwards[2] * box_w, w * (1 - margin) - inwards[3] * box_w
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


def _part_of(others: Sequence[Image], rng: np.random.Generator, height: int, width: int) -> Image:
    """(height, width, 3): any part of one of them."""
    other = others[int(rng.integers(len(others)))]
    h, w = (np.array(other.shape[:2]) * rng.uniform(0.3, 1.0)).astype(int)
    top, left = int(rng.integers(0, other.shape[0] - h + 1)), int(rng.integers(0, other.shape[1] - w + 1))
    part = np.ascontiguousarray(other[top : top + h, left : left + w, :3])
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _before(person: Image, mask: Image, background: Image) -> Image:
    share = mask[..., None].astype(np.uint16)
    return ((person * share + background * (255 - share)) // 255).astype(np.uint8)


def _erased(crop: Image, others: Sequence[Image], rng: np.random.Generator) -> Image:
    """A rectangle is hidden by noise, one colour, or a part of another image.

    After Zhong et al., "Random Erasing Data Augmentation", AAAI 2020: 4 to 35 parts in 100 of the area.
    """
    height, width = crop.shape[:2]
    area = rng.uniform(0.04, 0.35) * height * width
    shape = np.exp(rng.uniform(np.log(0.4), np.log(3.0)))
    h, w = min(height, max(1, round(np.sqrt(area * shape)))), min(width, max(1, round(np.sqrt(area / shape))))
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    erased = crop.copy()
    hidden = erased[top : top + h, left : left + w]
    match int(rng.integers(0, 4)):
        case 0:
            hidden[:] = rng.integers(0, 256, hidden.shape, np.uint8)
        case 1:
            hidden[:] = rng.integers(0, 256, 3, np.uint8)
        case _:
            hidden[:] = _part_of(others, rng, h, w)
    return erased
