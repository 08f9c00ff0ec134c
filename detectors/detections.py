"""What a detector finds in one image."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The people found in one image, one row each.

    Attributes:
        boxes: (N, 4) float32, x1 y1 x2 y2 in pixels of that image.
        scores: (N,) float32, confidence in [0, 1].
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.scores.shape != (n,):
            raise ValueError(
                f"boxes {self.boxes.shape} and scores {self.scores.shape} do not line up as (N, 4) and (N,)"
            )
        if self.boxes.dtype != np.float32 or self.scores.dtype != np.float32:
            raise TypeError(f"boxes and scores must be float32, found {self.boxes.dtype} and {self.scores.dtype}")

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """The rows of a mask, or of a list of indices."""
        return type(self)(self.boxes[keep], self.scores[keep])


def no_detections() -> Detections:
    return Detections(np.empty((0, 4), np.float32), np.empty(0, np.float32))
