"""Tiles of an image: what they cover, who is seen in which, and that everybody is found once."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.detections import Detections
from detectors.tiling import TilingDetector, TilingParams, tiles

HEIGHT, WIDTH = 240, 400
GRIDS = [TilingParams(2, 1), TilingParams(1, 3), TilingParams(3, 2), TilingParams(4, 4, overlap=0.5)]


class Bright:
    """Finds the one bright rectangle of an image, cut where the image ends. A `Detector`."""

    def __init__(self) -> None:
        self.asked: list[list[NDArray[np.uint8]]] = []

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        self.asked.append(list(images))
        return [self._find(image) for image in images]

    def _find(self, image: NDArray[np.uint8]) -> Detections:
        rows, columns = np.nonzero(image[..., 0])
        if not len(rows):
            return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))
        box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        return Detections(np.array([box], np.float32), np.array([0.9], np.float32))


def person(x1: int, y1: int, x2: int, y2: int) -> NDArray[np.uint8]:
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    return image


def found(image: NDArray[np.uint8], params: TilingParams) -> list[list[float]]:
    (detections,) = TilingDetector(Bright(), params).detect([image])
    boxes: list[list[float]] = detections.boxes.tolist()
    return boxes


@pytest.mark.parametrize("params", GRIDS, ids=str)
@pytest.mark.parametrize(("width", "height"), [(400, 240), (1920, 1080), (641, 359)])
def test_tiles_of_one_size_cover_the_image_and_lie_within_it(params: TilingParams, width: int, height: int) -> None:
    boxes = tiles(width, height, params)
    assert len(boxes) == params.columns * params.rows
    sizes = boxes[:, 2:] - boxes[:, :2]
    assert (sizes == sizes[0]).all()
    covered = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in boxes.tolist():
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        covered[y1:y2, x1:x2] = True
    assert covered.all()


@pytest.mark.parametrize("params", GRIDS, ids=str)
def test_neighbours_share_what_they_were_told_to(params: TilingParams) -> None:
    boxes = tiles(1920, 1080, params).reshape(params.rows, params.columns, 4)
    for axis in (0, 1):
        line = boxes[0] if axis == 0 else boxes[:, 0]
        for a, b in pairwise(line):
            shared = (a[2 + axis] - b[axis]) / (a[2 + axis] - a[axis])
            assert shared == pytest.approx(params.overlap, abs=0.01)


def test_the_detector_is_asked_once_for_the_whole_and_its_tiles() -> None:
    detector = Bright()
    TilingDetector(detector, TilingParams(3, 2)).detect([person(0, 0, 9, 9), person(50, 50, 60, 80)])
    assert [len(images) for images in detector.asked] == [7, 7]
    whole, *cut = detector.asked[0]
    assert whole.shape == (HEIGHT, WIDTH, 3)
    assert {image.shape for image in cut} == {(141, 167, 3)}
    assert all(image.flags.c_contiguous for image in cut)


@pytest.mark.parametrize("params", GRIDS, ids=str)
def test_whoever_fits_into_the_overlap_is_found_once_wherever_they_stand(params: TilingParams) -> None:
    for x1 in range(0, WIDTH - 12, 17):
        for y1 in range(0, HEIGHT - 20, 23):
            assert found(person(x1, y1, x1 + 12, y1 + 20), params) == [[x1, y1, x1 + 12, y1 + 20]]


def test_whoever_is_larger_than_the_overlap_is_found_once_in_the_whole_image() -> None:
    params = TilingParams(2, 2)
    for x1, y1, x2, y2 in [(120, 60, 260, 200), (0, 0, 300, 40), (190, 0, 210, HEIGHT), (0, 0, WIDTH, HEIGHT)]:
        assert found(person(x1, y1, x2, y2), params) == [[x1, y1, x2, y2]]


def test_a_box_at_the_edge_of_the_image_is_kept_and_one_at_an_edge_between_tiles_is_not() -> None:
    params = TilingParams(2, 1)
    (_, _, inner, _), _ = tiles(WIDTH, HEIGHT, params).tolist()
    assert found(person(0, 100, 20, 160), params) == [[0, 100, 20, 160]]
    assert found(person(WIDTH - 20, 180, WIDTH, HEIGHT), params) == [[WIDTH - 20, 180, WIDTH, HEIGHT]]
    # Half of this one lies in the first tile: its box there would be cut.
    assert found(person(inner - 10, 100, inner + 10, 160), params) == [[inner - 10, 100, inner + 10, 160]]


def test_an_empty_image_has_nobody_and_no_image_has_no_result() -> None:
    assert found(person(0, 0, 0, 0), TilingParams(2, 2)) == []
    assert TilingDetector(Bright(), TilingParams(2, 2)).detect([]) == []


@pytest.mark.parametrize("wrong", [{"columns": 0}, {"rows": 0}, {"overlap": 1.0}, {"overlap": -0.1}])
def test_a_grid_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected columns and rows of at least 1 and an overlap in"):
        TilingParams(**wrong)  # type: ignore[arg-type]
