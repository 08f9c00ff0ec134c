"""What a tracker makes of the detections of one frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracks seen in one frame, one row each, and those given up in it.

    Attributes:
        ids: (M,) int64, unique within one tracker for its whole life, never used again.
        boxes: (M, 4) float32 xyxy pixels.
        scores: (M,) float32, confidence of the detection behind each row.
        ended: (E,) int64, ids given up in this update; each id ends exactly once, and never appears again.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    ended: NDArray[np.int64]

    def __post_init__(self) -> None:
        m = len(self.ids)
        if self.boxes.shape != (m, 4) or self.scores.shape != (m,):
            raise ValueError(
                f"ids {self.ids.shape}, boxes {self.boxes.shape} and scores {self.scores.shape} "
                "do not line up as (M,), (M, 4) and (M,)"
            )

    def __len__(self) -> int:
        return len(self.ids)
