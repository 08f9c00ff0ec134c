"""Images of people, kept only where somebody asked for them: one for each tracklet, for the report."""

from pathlib import Path

import cv2

from passerby_events.tracks import TrackKey
from pipeline.output.files import written_whole
from pipeline.tracking.camera_loop import CameraNews

JPEG_QUALITY = 85


class Thumbnails:
    """Keeps the best crop of each tracklet as a JPEG."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, what: CameraNews) -> None:
        for tracklet in what.tracklets:
            path = thumbnail_path(self._folder, tracklet.track, tracklet.tracklet_index)
            best = tracklet.crops[int(tracklet.quality.argmax())]
            _, jpeg = cv2.imencode(".jpg", best[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            with written_whole(path) as partial:
                partial.write_bytes(jpeg.tobytes())


def thumbnail_path(folder: Path, track: TrackKey, tracklet_index: int) -> Path:
    """Where the image of one tracklet lies."""
    return folder / track.camera / f"{track.session}-{track.track}-{tracklet_index}.jpg"


def remove_thumbnails(folder: Path, track: TrackKey) -> None:
    """Removes what there is of a track."""
    for path in (folder / track.camera).glob(f"{track.session}-{track.track}-*.jpg"):
        path.unlink(missing_ok=True)
