"""The socket of every tracker."""

from typing import Protocol

from detectors.detections import Detections
from trackers.tracks import Tracks


class Tracker(Protocol):
    """Joins the detections of successive frames of one camera into tracks. One instance per camera, one thread."""

    def update(self, detections: Detections, time_s: float) -> Tracks:
        """Takes the next frame; to be called for every frame, also for one without detections.

        Only tracks that a detection of this frame belongs to are among the rows.

        Args:
            detections: of this frame.
            time_s: of this frame, seconds; later than that of the call before.

        Raises:
            ValueError: if time does not go forward.
        """
        ...

    def flush(self) -> Tracks:
        """Ends what is still open, at the end of the stream: no rows, and every open id in `ended`."""
        ...
