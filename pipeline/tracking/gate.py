"""The gate: which boxes show a person well enough to be recognised by, and how well.

What boxes tell is asked of all people of a frame at once; whether a person is sharp, only of those who passed.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

GateRefusal = Literal["confidence", "size", "aspect", "edge", "overlap", "blur"]
"""What the gate may have against a box."""
GateVerdict = Literal["kept", GateRefusal, "surplus"]
"""What the gate says of one box: kept, one reason against it, or surplus: good, but its slot has a better one."""


@dataclass(frozen=True, slots=True)
class GateParams:
    """
    Attributes:
        min_score: confidence of the detection; below it the box is often off the person.
        min_height_px: of the box; smaller people carry little to be recognised by.
        min_aspect, max_aspect: height over width of a box; others are parts of people, or two of them.
        edge_px: a box this close to the left, right or top edge of the image is cut by it; -1 accepts all.
        max_hidden: share of the box that boxes of people in front of it cover.
        min_sharpness: variance of the Laplacian, in grey levels squared (see `sharpness`); 0 accepts all. In four
            videos of PETS, a plaza and a room 99 in 100 people have more than 60.
    """

    min_score: float = 0.5
    min_height_px: float = 48.0
    min_aspect: float = 1.2
    max_aspect: float = 5.0
    edge_px: float = 2.0
    max_hidden: float = 0.4
    min_sharpness: float = 50.0


def gate(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int], params: GateParams
) -> tuple[NDArray[np.float32], list[GateVerdict | None]]:
    """Quality of each box, and the first reason against it (None: good, as far as boxes tell).

    Args:
        boxes: (M, 4) xyxy pixels, all people of one frame, cut to the frame.
        scores: (M,) confidence.
        size: height and width of the frame, pixels.
        params: see there.

    Returns:
        (M,) float32 in [0, 1]: confidence x visible share x height (256 px and more count as 1); and M reasons.
    """
    hidden = hidden_share(boxes)
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-3)
    quality = scores * (1 - hidden) * np.minimum(height / 256.0, 1.0)
    return quality.astype(np.float32), _reasons(boxes, scores, hidden, size, params)


def _reasons(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    hidden: NDArray[np.float32],
    size: tuple[int, int],
    params: GateParams,
) -> list[GateVerdict | None]:
    x1, y1, x2, y2 = boxes.T
    height, width = np.maximum(y2 - y1, 1e-3), np.maximum(x2 - x1, 1e-3)
    edge = params.edge_px
    against: dict[GateVerdict | None, NDArray[np.bool_]] = {
        "confidence": scores < params.min_score,
        "size": height < params.min_height_px,
        "aspect": (height < params.min_aspect * width) | (height > params.max_aspect * width),
        "edge": (x1 <= edge) | (y1 <= edge) | (x2 >= size[1] - 1 - edge) if edge >= 0 else np.zeros(len(boxes), bool),
        "overlap": hidden > params.max_hidden,
        None: np.ones(len(boxes), bool),
    }
    names = tuple(against)
    return [names[first] for first in np.array(list(against.values())).argmax(axis=0).tolist()]


def hidden_share(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M,) float32: the largest share of each box that one box in front of it covers.

    Whoever's feet are lower in the image stands in front.
    """
    x1, y1, x2, y2 = boxes.T
    width = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    height = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    in_front = y2[None, :] > y2[:, None]
    area = np.maximum((x2 - x1) * (y2 - y1), 1e-6)
    share: NDArray[np.float32] = (np.where(in_front, shared, 0.0) / area[:, None]).max(axis=1, initial=0.0)
    return np.minimum(share, 1.0)


def sharpness(person: NDArray[np.uint8], height: int, width: int) -> float:
    """Variance of the Laplacian of a person, grey levels squared; low where the image is blurred.

    Measured at the size of the crop, or in the image itself where the person is smaller there: a small person is not
    blurred, but enlarging makes it look so.

    Args:
        person: (h, w, 3) uint8 RGB, the part of the image that shows the person.
        height, width: of a crop, pixels.
    """
    grey = cv2.cvtColor(person, cv2.COLOR_RGB2GRAY)
    if len(person) > height:
        grey = cv2.resize(grey, (width, height), interpolation=cv2.INTER_LINEAR)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S, ksize=1))
    return float(deviation.item()) ** 2
