"""Cuts people out of images: the one rule for training, evaluation and serving.

Resizing is bilinear. Averaging over areas finds nobody more on `mars_query_half` (rank 1 within 0.4 points either way),
and takes 0.9 ms in the place of 0.07 for a person 800 pixels tall.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray


def cut(image: NDArray[np.uint8], boxes: NDArray[np.float32], *, height: int, width: int) -> NDArray[np.uint8]:
    """Every box as an image of one size.

    Args:
        image: (H, W, 3) uint8.
        boxes: (N, 4) float32 xyxy pixels; what lies outside the image is left out, not filled up.
        height: of a crop, pixels.
        width: of a crop, pixels.

    Returns:
        (N, height, width, 3) uint8, in the colours of the image.

    Raises:
        ValueError: if less than one pixel of a box lies in the image.
    """
    people = [image[y1:y2, x1:x2] for x1, y1, x2, y2 in pixel_boxes(image, boxes).tolist()]
    return fit(people, height=height, width=width)


def fit(people: Sequence[NDArray[np.uint8]], *, height: int, width: int) -> NDArray[np.uint8]:
    """Parts of images, each (h, w, 3) uint8, as (N, height, width, 3); what has that size is only copied."""
    crops = np.empty((len(people), height, width, 3), np.uint8)
    for person, crop in zip(people, crops, strict=True):
        cv2.resize(person, (width, height), dst=crop, interpolation=cv2.INTER_LINEAR)
    return crops


def shrink(person: NDArray[np.uint8], *, height: int, width: int) -> NDArray[np.uint8]:
    """A copy of a part of an image that takes no more room than a crop: as it is, or at the size of a crop.

    What is smaller is left to be enlarged when it is known to be wanted: that takes 40 us, and to copy it 2.
    """
    if person.size < height * width * 3:
        return person.copy()
    crop: NDArray[np.uint8] = fit([person], height=height, width=width)[0]
    return crop


def resize(crops: NDArray[np.uint8], *, height: int, width: int) -> NDArray[np.uint8]:
    """Crops that were cut already, (N, h, w, 3) uint8, at another size by the same rule."""
    if crops.shape[1:3] == (height, width):
        return crops
    return fit(list(crops), height=height, width=width)


def pixel_boxes(image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.int64]:
    """(N, 4) whole pixels of the image that the boxes cover: rounded, and cut to the image.

    Raises:
        ValueError: if less than one pixel of a box lies in the image, or a number is not finite.
    """
    if not np.isfinite(boxes).all():
        raise ValueError(f"expected boxes of finite numbers, found {boxes[~np.isfinite(boxes).all(axis=1)][0]}")
    height, width = image.shape[:2]
    whole = np.clip(np.rint(boxes).astype(np.int64), 0, [width, height, width, height])
    empty = (whole[:, 2:] <= whole[:, :2]).any(axis=1)
    if empty.any():
        raise ValueError(f"expected boxes within an image of {width}x{height}, found {boxes[empty][0].tolist()}")
    return whole
