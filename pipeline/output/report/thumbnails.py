"""Thumbnails inside the page: each once, as a CSS class, however often it is shown."""

import base64
from pathlib import Path

from passerby_events.schema import EventSighting
from pipeline.output.thumbnails import thumbnail_path


class Thumbnails:
    """Collects the images that a page shows.

    Args:
        folder: that `run --thumbnails` wrote; None if no images were kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._numbers: dict[Path, int] = {}

    @property
    def were_kept(self) -> bool:
        return self._folder is not None

    def show(self, sighting: EventSighting) -> str:
        """HTML of the image of a sighting: an empty frame where there is none, nothing if none were kept."""
        if self._folder is None:
            return ""
        path = (
            None
            if sighting.tracklet_index is None
            else thumbnail_path(self._folder, sighting.key, sighting.tracklet_index)
        )
        if path is None or not path.is_file():
            return '<i class="thumb" title="no image"></i>'
        number = self._numbers.setdefault(path, len(self._numbers))
        return f'<i class="thumb t{number}" role="img" aria-label="track {sighting.track}"></i>'

    def css(self) -> str:
        """The rules that hold the images shown so far."""
        return "\n".join(
            f".t{number}{{background-image:url(data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()})}}"
            for path, number in self._numbers.items()
        )
