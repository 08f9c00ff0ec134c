"""The gate: how well each box shows a person, and which show nothing of one.

It ranks, and refuses only what carries nothing: a box of a few pixels, half a person, somebody behind another. Anything
else that speaks against a box is a fault, and its crop is kept where the track has no better one. What boxes tell is
asked of all people of a frame at once; whether a person is sharp, only of those whose crop may be wanted.
"""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.records import GOOD_QUALITY

GateFault = Literal["confidence", "size", "aspect", "edge", "overlap", "blur"]
"""What may speak against a box."""
GateVerdict = Literal["kept", GateFault, "surplus"]
"""What the gate says of one box: kept, one fault of it, or surplus: good, but its slot has a better one."""
GOOD_VERDICTS: tuple[GateVerdict, ...] = ("kept", "surplus")
"""What the gate says of boxes that nothing speaks against."""

EDGE_WORTH = 0.5
"""Of a box at the edge of the image, beside a whole one: as if half of the person were cut off."""
SHARP_SIZE = 32, 16
"""Height and width at which sharpness is measured: noise is averaged away, and a blur over a fiftieth of the person's
height still shows."""
FULL_SHARPNESS = 1.0
"""The half of all people of PETS are sharper; more is another pattern of clothes, and no better crop."""
NARROW = 4
"""A box that many times narrower than the least height is a few pixels too."""
FULL_HEIGHT_PX = 256.0
"""Of a box; larger ones show no more, because crops are no larger."""


@dataclass(frozen=True, slots=True)
class GateParams:
    """What a good box is, and what is refused.

    Attributes:
        min_score: confidence of the detection; below it the box is often off the person.
        min_height_px: of the box; smaller people carry little to be recognised by.
        min_aspect, max_aspect: height over width of a box; others are parts of people, or two of them.
        edge_px: a box this close to the left, right or top edge of the image is cut by it; -1 accepts all.
        max_hidden: share of the box that boxes of people in front of it cover.
        min_sharpness: see `sharpness`; 0 accepts all. On PETS and MARS 99 in 100 people have more than 0.55, and half
            of them less than 0.15 or 0.4 when they are blurred over a fiftieth of their height.
        refuse_height_px: a smaller box is refused, and so is one a quarter as wide.
        refuse_hidden: a box of which more is hidden is refused.
        refuse_cut_aspect: a box at the left or right edge that is more times as high as wide has lost half of the
            person, and is refused; so is one at the top edge below `min_aspect`.
    """

    min_score: float = 0.5
    min_height_px: float = 48.0
    min_aspect: float = 1.2
    max_aspect: float = 5.0
    edge_px: float = 2.0
    max_hidden: float = 0.4
    min_sharpness: float = 0.15
    refuse_height_px: float = 24.0
    refuse_hidden: float = 0.7
    refuse_cut_aspect: float = 4.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate says of one box.

    Attributes:
        base: in [0, 1], confidence x visible share x height (256 px and more count as 1).
        worth: in [0, 1], what its faults leave of it: 1 where it has none.
        fault: the worst of them; None: it is good, as far as boxes tell.
        is_refused: it shows nothing of use.
    """

    base: float
    worth: float
    fault: GateFault | None
    is_refused: bool

    @property
    def quality(self) -> float:
        """As `Tracklet.quality`, of a sharp person."""
        good = (1 + self.base) / 2
        return good if self.fault is None else GOOD_QUALITY * self.worth * good


def gate(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], size: tuple[int, int], params: GateParams
) -> list[Judged]:
    """Judges the people of one frame by their boxes.

    Args:
        boxes: (M, 4) xyxy pixels, cut to the frame.
        scores: (M,) confidence.
        size: height and width of the frame, pixels.
        params: see there.
    """
    if not len(boxes):
        return []
    hidden = hidden_share(boxes).astype(np.float64)
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-3).astype(np.float64)
    width = np.maximum(boxes[:, 2] - boxes[:, 0], 1e-3).astype(np.float64)
    aspect = height / width
    at_side, at_top = _at_edges(boxes, size[1], params.edge_px)
    worths: dict[GateFault, NDArray[np.float64]] = {
        "confidence": _share(scores, params.min_score),
        "size": _share(height, params.min_height_px),
        "aspect": np.minimum(_share(aspect, params.min_aspect), params.max_aspect / aspect),
        "edge": np.where(at_side | at_top, EDGE_WORTH, 1.0),
        "overlap": _share(1 - hidden, 1 - params.max_hidden),
    }
    each = np.minimum(np.array(list(worths.values())), 1.0)
    is_refused = (height < params.refuse_height_px) | (width < params.refuse_height_px / NARROW)
    is_refused |= hidden > params.refuse_hidden
    is_refused |= (at_side & (aspect > params.refuse_cut_aspect)) | (at_top & (aspect < params.min_aspect))
    base = scores * (1 - hidden) * np.minimum(height / FULL_HEIGHT_PX, 1.0)
    names = list(worths)
    faults = [
        names[worst] if is_faulty else None
        for worst, is_faulty in zip(each.argmin(axis=0), each.min(axis=0) < 1, strict=True)
    ]
    is_refused &= each.min(axis=0) < 1
    return list(map(Judged, base.tolist(), each.prod(axis=0).tolist(), faults, is_refused.tolist()))


def judge_sharpness(judged: Judged, sharpness: float, params: GateParams) -> Judged:
    """With what the pixels say beside the box."""
    base = judged.base * min(sharpness / FULL_SHARPNESS, 1.0)
    if sharpness >= params.min_sharpness:
        return replace(judged, base=base)
    worth = sharpness / params.min_sharpness
    return Judged(base, judged.worth * worth, judged.fault if judged.worth < worth else "blur", judged.is_refused)


def _at_edges(boxes: NDArray[np.float32], width: int, edge_px: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(M,) each: boxes at the left or right edge of the image, and at its top."""
    if edge_px < 0:
        none = np.zeros(len(boxes), np.bool_)
        return none, none
    return (boxes[:, 0] <= edge_px) | (boxes[:, 2] >= width - 1 - edge_px), boxes[:, 1] <= edge_px


def _share(values: NDArray[np.floating], least: float) -> NDArray[np.float64]:
    """How much of the least there is; 1 where nothing is asked for."""
    return values.astype(np.float64) / least if least > 0 else np.ones(len(values))


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


def sharpness(person: NDArray[np.uint8]) -> float:
    """How much of a person's contrast is in fine detail; low where the image is blurred.

    Variance of the Laplacian over that of the grey levels, both at one size: the same for a person who is larger,
    smaller (down to that size), darker or of less contrast. White noise alone would have 20.

    Args:
        person: (h, w, 3) uint8 RGB, the part of the image that shows the person.
    """
    grey = cv2.cvtColor(person, cv2.COLOR_RGB2GRAY)
    height, width = SHARP_SIZE
    shrinks = cv2.INTER_AREA if len(person) > height else cv2.INTER_LINEAR
    small = cv2.resize(grey, (width, height), interpolation=shrinks)
    (_, contrast), (_, detail) = cv2.meanStdDev(small), cv2.meanStdDev(cv2.Laplacian(small, cv2.CV_16S, ksize=1))
    # One grey level more, so that what rounding alone makes of a blank wall is no detail.
    return float(detail.item()) ** 2 / (float(contrast.item()) ** 2 + 1.0)
