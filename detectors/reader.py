"""What the families of detectors have in common."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from detectors.boxes import Boxes
from detectors.classes import choose_person, class_names
from reid_runtime.card import DetectionSpec, ModelCard, TensorSpec
from reid_runtime.family import Asked, Family, UnsaidError
from reid_runtime.signature import Signature, show_spec

Outputs = Mapping[str, NDArray[np.float32]]
"""Of one image: what a network yields, by name, without the axis of images."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Who may be a person in one image, one row each.

    Attributes:
        boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of the network's input.
        scores: (N,) float32.
    """

    boxes: Boxes
    scores: NDArray[np.float32]


Decode = Callable[[Outputs, float], Candidates]
"""Outputs of one image, and the least score of a candidate."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How the outputs of a family are read.

    Attributes:
        family: see there.
        decoder: for the network of a card.
        has_doubles: whether one person may be several candidates, so that NMS is still to be done.
        most_images: in one run, whatever the network takes.
    """

    family: Family
    decoder: Callable[[ModelCard], Decode]
    has_doubles: bool
    most_images: int = 1024


def likely(scores: NDArray[np.float32], least: float) -> NDArray[np.bool_]:
    """(N,): who may be a person. A score that is no number stays in, so that it is found."""
    return ~(scores < least)


def detection_of(card: ModelCard) -> DetectionSpec:
    """What the card of a detector says of its images."""
    assert card.detection is not None, f"{card.name}: a card of the family {card.family} without `detection`"
    return card.detection


def read_sizes(
    image: TensorSpec, signature: Signature, asked: Asked, fit: Literal["top-left", "centre", "stretch"], person: int
) -> DetectionSpec:
    """What the file says of its images, and, where it leaves their size open, whoever brings it or who exported it.

    Raises:
        UnsaidError: if nobody says.
    """
    noted = _noted_size(signature)
    height, width = image.shape[2] or asked.height or noted[0], image.shape[3] or asked.width or noted[1]
    if height is None or width is None:
        raise UnsaidError(f"has an input of one size, found {show_spec(image)}: say --size HEIGHTxWIDTH")
    return DetectionSpec(height, width, fit, person)


def read_person(signature: Signature, asked: Asked, count: int | None, usual: int | None = None) -> int:
    """The number of the class of people; see `choose_person`."""
    return choose_person(asked.person, class_names(signature.metadata), count=count, usual=usual)


def check_share(numbers: NDArray[Any], what: str) -> None:
    """Raises ValueError unless all numbers lie between 0 and 1."""
    least, most = float(numbers.min(initial=0.0)), float(numbers.max(initial=0.0))
    if not (least >= -1e-3 and most <= 1.001):  # half precision rounds; NaN is neither
        raise ValueError(f"expected {what} between 0 and 1, found {least:.3g} to {most:.3g}")


def _noted_size(signature: Signature) -> tuple[int | None, int | None]:
    """Height and width that Ultralytics notes where a file takes any."""
    try:
        height, width = ast.literal_eval(signature.metadata.get("imgsz", ""))
        return int(height), int(width)
    except (ValueError, TypeError, SyntaxError):
        return None, None
