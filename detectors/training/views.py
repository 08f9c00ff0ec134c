"""Images for training from labelled frames: the whole frame or a part at another size, changed as by a camera."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Letterbox, areas, clip, letterbox
from detectors.fitting import GREY
from detectors.training.frames import LabelledFrame
from reid_learning.effects import EffectParams, seen_by_camera


@dataclass(frozen=True, slots=True)
class ViewParams:
    """
    Attributes:
        whole: share of views that show the whole frame, letterboxed as in serving.
        anywhere: share of views that show any part of a frame, whoever is there.
        empty: share of views that show a background and nobody.
        least_height_px, most_height_px: of the person about whom a part of a frame is cut, in the view.
        most_enlarged: a part is not enlarged by more than this.
        least_seen: share of a person that must be in the view and not hidden; of whom less is seen is unclear.
        least_side_px: who is smaller in the view is unclear.
        swap: share of views whose background is another image.
        effects: of the camera.
    """

    whole: float = 0.3
    anywhere: float = 0.15
    empty: float = 0.12
    least_height_px: float = 20.0
    most_height_px: float = 380.0
    most_enlarged: float = 2.5
    least_seen: float = 0.25
    least_side_px: float = 4.0
    swap: float = 0.4
    effects: EffectParams = field(default=EffectParams())


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An image of the network's size.

    Attributes:
        image: (side, side, 3) uint8 RGB.
        people: (G, 4) float32 xyxy pixels, cut to the view.
        unclear: (U, 4) float32 xyxy pixels, cut to the view.
    """

    image: NDArray[np.uint8]
    people: NDArray[np.float32]
    unclear: NDArray[np.float32]


def draw_view(
    frame: LabelledFrame,
    backgrounds: Sequence[NDArray[np.uint8]],
    params: ViewParams,
    rng: np.random.Generator,
    *,
    side: int,
) -> View:
    """A view of a frame: at the top left of a grey image, as in serving.

    Args:
        frame: see there.
        backgrounds: (h, w, 3) uint8 RGB, images without people.
        params: see there.
        rng: of all that is drawn.
        side: of the view, pixels.
    """
    if rng.random() < params.empty:
        frame = _nobody(backgrounds, rng)
    x1, y1, x2, y2 = _window(frame, params, rng, side)
    fit = letterbox(y2 - y1, x2 - x1, height=side, width=side)
    how = cv2.INTER_AREA if fit.scale < 0.7 else cv2.INTER_LINEAR
    image = _before_another(frame, backgrounds, rng) if rng.random() < params.swap else frame.image
    crop = np.asarray(cv2.resize(image[y1:y2, x1:x2], (fit.width, fit.height), interpolation=how), np.uint8)
    crop = seen_by_camera(crop, params.effects, rng)
    boxes = (frame.boxes - np.array([x1, y1, x1, y1], np.float32)) * np.float32(fit.scale)
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
        boxes = np.stack([fit.width - boxes[:, 2], boxes[:, 1], fit.width - boxes[:, 0], boxes[:, 3]], axis=1)
    whole = np.full((side, side, 3), GREY, np.uint8)
    whole[: fit.height, : fit.width] = crop
    return _sorted_out(whole, boxes, frame.visibility, params, fit)


def _before_another(
    frame: LabelledFrame, backgrounds: Sequence[NDArray[np.uint8]], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The people of a frame before another background."""
    height, width = frame.image.shape[:2]
    crop = _crop_of(backgrounds, rng)
    background = cv2.resize(crop, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(frame.is_person[..., None], frame.image, background)


def _nobody(backgrounds: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> LabelledFrame:
    image = _crop_of(backgrounds, rng)
    boxes, visibility = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    return LabelledFrame(image, np.zeros(image.shape[:2], bool), boxes, visibility)


def _crop_of(backgrounds: Sequence[NDArray[np.uint8]], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Any part of one of them, as it is or mirrored."""
    image = backgrounds[int(rng.integers(len(backgrounds)))]
    h, w = (max(8, int(length * rng.uniform(0.4, 1.0))) for length in image.shape[:2])
    top, left = int(rng.integers(0, image.shape[0] - h + 1)), int(rng.integers(0, image.shape[1] - w + 1))
    crop = image[top : top + h, left : left + w]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


def _window(frame: LabelledFrame, params: ViewParams, rng: np.random.Generator, side: int) -> tuple[int, int, int, int]:
    """The part of the frame that is shown, xyxy pixels: all, any part, or one in which somebody has a size drawn."""
    height, width = frame.image.shape[:2]
    seen = frame.boxes[frame.visibility >= params.least_seen]
    drawn = rng.random()
    if drawn < params.whole:
        return 0, 0, width, height
    if drawn < params.whole + params.anywhere or not len(seen):
        w, h = (int(length * rng.uniform(0.35, 1.0)) for length in (width, height))
        left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        return left, top, left + w, top + h
    x1, y1, x2, y2 = seen[rng.integers(len(seen))].tolist()
    wanted_px = np.exp(rng.uniform(np.log(params.least_height_px), np.log(params.most_height_px)))
    size = round(side * max((y2 - y1) / wanted_px, 1 / params.most_enlarged))
    w, h = min(width, size), min(height, size)
    place = rng.uniform(0.1, 0.9, 2)
    left = int(np.clip((x1 + x2) / 2 - place[0] * w, 0, width - w))
    top = int(np.clip((y1 + y2) / 2 - place[1] * h, 0, height - h))
    return left, top, left + w, top + h


def _sorted_out(
    image: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    visibility: NDArray[np.float32],
    params: ViewParams,
    fit: Letterbox,
) -> View:
    """Who is in the view, and of whom too little is."""
    inside = clip(boxes, height=fit.height, width=fit.width)
    seen = visibility * areas(inside) / np.maximum(areas(boxes), 1e-6)
    sides = (inside[:, 2:] - inside[:, :2]).min(axis=1, initial=np.inf)
    is_there = sides > 0
    is_clear = is_there & (seen >= params.least_seen) & (sides >= params.least_side_px)
    return View(image, inside[is_clear], inside[is_there & ~is_clear])
