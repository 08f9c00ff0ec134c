"""Where a camera looks for people, and where not: polygons in its image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import clip
from detectors.detections import Detections
from pipeline.records import Frame
from pipeline.sources.errors import ErrorCode, SourceError

Polygon = tuple[tuple[int, int], ...]
"""Corners x y in pixels of the whole image, three at least."""
IGNORED_SHARE = 0.8
"""A box is a thing in a mask if so much of it lies there; somebody who walks by is seen beyond it."""


@dataclass(frozen=True, slots=True)
class Masks:
    """
    Attributes:
        ignore: boxes that lie in one of these for the most part are no people.
        only: if there are any: people are where their feet, the middle of the lower edge of a box, lie in one of these.
    """

    ignore: tuple[Polygon, ...] = ()
    only: tuple[Polygon, ...] = ()


class MaskFilter:
    """Leaves out what masks say is nobody; of one camera, one thread. Drawn once for each size of its image."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._size = (-1, -1)
        self._ignored = self._allowed = np.empty((0, 0), np.float64)

    def keep(self, found: Detections, frame: Frame) -> Detections:
        """The people among what was found in a frame.

        Raises:
            SourceError: if a corner lies outside the image.
        """
        if not (self._masks.ignore or self._masks.only):
            return found
        height, width = size = frame.image.shape[:2]
        if size != self._size:
            require_masks(frame.camera, self._masks, height, width)
            self._draw(size)
        if not len(found.boxes):
            return found
        whole = np.rint(clip(found.boxes, height=height, width=width)).astype(np.int64)
        x1, y1, x2, y2 = whole.T
        sums = self._ignored
        inside = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
        feet = self._allowed[np.clip(y2 - 1, 0, height - 1), np.clip((x1 + x2) // 2, 0, width - 1)]
        is_kept = (inside < IGNORED_SHARE * np.maximum((x2 - x1) * (y2 - y1), 1)) & (feet > 0)
        return Detections(found.boxes[is_kept], found.scores[is_kept])

    def _draw(self, size: tuple[int, int]) -> None:
        self._ignored = np.asarray(cv2.integral(_filled(self._masks.ignore, size)), np.float64)
        self._allowed = (_filled(self._masks.only, size) if self._masks.only else np.ones(size)).astype(np.float64)
        self._size = size


def require_masks(camera: str, masks: Masks, height: int, width: int) -> None:
    """Raises SourceError if a corner does not lie within an image of that size."""
    for polygon in (*masks.ignore, *masks.only):
        for x, y in polygon:
            if x > width or y > height:
                raise SourceError(
                    ErrorCode.REGION,
                    f"camera {camera}: expected masks within its image of {width}x{height}, found a corner at "
                    f"{[x, y]}; mend `ignore` or `only` in the configuration",
                )


def _filled(polygons: tuple[Polygon, ...], size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W) uint8, 1 where any of them is."""
    image = np.zeros(size, np.uint8)
    cv2.fillPoly(image, [np.array(polygon, np.int32) for polygon in polygons], (1,))
    return image
