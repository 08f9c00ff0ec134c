"""The socket of every detector."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections


class Detector(Protocol):
    """Finds people in images.

    `detect` may be called from several threads at once. The images of one call may differ in size.
    """

    def detect(self, images: Sequence[NDArray[np.uint8]]) -> list[Detections]:
        """One `Detections` per image, in the order of the images.

        Args:
            images: each (H, W, 3) uint8, RGB.
        """
        ...
