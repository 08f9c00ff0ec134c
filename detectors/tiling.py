"""Looks at tiles of an image one by one, so that a detector with a small input sees small people larger.

A network of 416 pixels sees an image of 768x576 at half its size. On PETS2009 S2.L1, view 1, YOLOX-nano on 3x2 tiles
lifts IDF1 of the tracks from 59 to 79 (docs/results.md), at seven passes for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import nms
from detectors.detections import Detections
from detectors.detector import Detector

EDGE_PX = 3.0
"""A box this close to an edge between tiles is cut by it; its neighbour sees the person whole."""
MAX_BOXES = 300


@dataclass(frozen=True, slots=True)
class TilingParams:
    """
    Attributes:
        columns, rows: how many tiles; more see people larger, and take longer.
        overlap: share of a tile that its neighbour also sees; whoever is larger than that is looked for in the whole
            image.
        nms_iou: two boxes of different tiles that overlap more are one person.
    """

    columns: int = 1
    rows: int = 1
    overlap: float = 0.3
    nms_iou: float = 0.5

    def __post_init__(self) -> None:
        if self.columns < 1 or self.rows < 1 or not 0 <= self.overlap < 1:
            raise ValueError(
                "expected columns and rows of at least 1 and an overlap in [0, 1), "
                f"found {self.columns}, {self.rows} and {self.overlap}"
            )


class TilingDetector:
    """Another detector on the tiles of each image, and on the whole for those who do not fit into one.

    A `Detector`; as many threads may call it as may call the other.
    """

    def __init__(self, detector: Detector, params: TilingParams) -> None:
        self._detector = detector
        self._params = params

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """See `Detector.detect`."""
        return [self._detect(image) for image in images]

    def _detect(self, image: NDArray[np.uint8]) -> Detections:
        height, width = image.shape[:2]
        tile_boxes = tiles(width, height, self._params)
        cuts = [np.ascontiguousarray(image[y1:y2, x1:x2]) for x1, y1, x2, y2 in tile_boxes.tolist()]
        whole, *found = self._detector.detect([image, *cuts])
        return self._join(
            [
                _too_large(whole, tile_boxes, self._params),
                *map(_uncut, found, tile_boxes, [(width, height)] * len(tile_boxes)),
            ]
        )

    def _join(self, found: Sequence[Detections]) -> Detections:
        boxes = np.concatenate([each.boxes for each in found])
        scores = np.concatenate([each.scores for each in found])
        return Detections(boxes, scores).where(nms(boxes, scores, max_iou=self._params.nms_iou, max_boxes=MAX_BOXES))


def tiles(width: int, height: int, params: TilingParams) -> NDArray[np.int64]:
    """(columns * rows, 4) xyxy pixels: tiles of one size that cover an image and overlap evenly."""
    tile_w = round(width / (params.columns - (params.columns - 1) * params.overlap))
    tile_h = round(height / (params.rows - (params.rows - 1) * params.overlap))
    left = np.linspace(0, width - tile_w, params.columns).astype(np.int64)
    top = np.linspace(0, height - tile_h, params.rows).astype(np.int64)
    x1, y1 = (axis.ravel() for axis in np.meshgrid(left, top))
    return np.stack([x1, y1, x1 + tile_w, y1 + tile_h], axis=1)


def _uncut(found: Detections, tile: NDArray[np.int64], size: tuple[int, int]) -> Detections:
    """The people of a tile in pixels of the image, without those whom an edge between tiles cuts."""
    boxes = found.boxes + np.tile(tile[:2], 2).astype(np.float32)
    inner = np.array([tile[0] > 0, tile[1] > 0, tile[2] < size[0], tile[3] < size[1]])
    cut = (np.abs(boxes - tile.astype(np.float32)) <= EDGE_PX) & inner
    return Detections(boxes, found.scores).where(~cut.any(axis=1))


def _too_large(whole: Detections, tile_boxes: NDArray[np.int64], params: TilingParams) -> Detections:
    """Those found in the whole image who are larger than the overlap, so that the tiles may not see them whole."""
    room = (tile_boxes[0, 2:] - tile_boxes[0, :2]) * params.overlap
    size = whole.boxes[:, 2:] - whole.boxes[:, :2]
    is_split = np.array([params.columns > 1, params.rows > 1])
    return whole.where(((size > room) & is_split).any(axis=1))
