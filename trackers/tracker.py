"""The socket of every tracker."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.detections import Detections
from trackers.tracks import Tracks


class Tracker(Protocol):
    """Joins the detections of successive frames of one camera into tracks. One instance per camera, one thread."""

    def update(self, detections: Detections, time_s: float, image: NDArray[np.uint8] | None = None) -> Tracks:
        """Takes the next frame; to be called for every frame, also for one without detections.

        Only tracks that a detection of this frame belongs to are among the rows.

        Args:
            detections: of this frame.
            time_s: of this frame, seconds; later than that of the call before.
            image: (H, W, 3) uint8 RGB, the frame itself, for a tracker that is told to look at people's colours.

        Raises:
            ValueError: if time does not go forward, or such a tracker gets no image.
        """
        ...

    def flush(self) -> Tracks:
        """Ends what is still open, at the end of the stream: no rows, and every open id in `ended`."""
        ...
