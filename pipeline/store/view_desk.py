"""Images of a site in Redis: workers lay them out, and whoever serves the view takes them from there."""

from collections.abc import Sequence

from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage, TrackImage
from pipeline.store.client import SiteStore
from pipeline.store.keys import STATUS, crop_key, frame_key, track_name, wanted_key
from pipeline.store.view_scripts import KEEP_CROP, READ_FRAME, SAY_STATUS, SHOW_FRAME, WANT, WANTED

WANTED_S = 5.0
"""So long after the last one looked, a camera shows nothing more."""
FRAME_S = 10.0
"""A frame is shown for so long."""
STATUS_S = 120
"""After the last process has reported, nothing is known of any."""


class RedisImageDesk:
    """Where a worker lays out its images.

    Args:
        cameras: of the worker.
        keep_s: how long the crop of a track is kept, seconds.
    """

    def __init__(self, store: SiteStore, cameras: Sequence[str], keep_s: float) -> None:
        self._store = store
        self._cameras = tuple(cameras)
        self._keep_ms = max(1, int(keep_s * 1000))

    def wanted(self) -> frozenset[str]:
        keys = [self._store.key(wanted_key(camera)) for camera in self._cameras]
        found = self._store.run(WANTED, keys, [])
        return frozenset(camera for camera, is_wanted in zip(self._cameras, found, strict=True) if is_wanted)

    def show(self, image: CameraImage) -> None:
        key = self._store.key(frame_key(image.camera))
        self._store.run(SHOW_FRAME, [key], [image.name, int(FRAME_S * 1000), image.head(), image.jpeg])

    def keep(self, image: TrackImage) -> None:
        name = track_name(image.track)
        self._store.run(KEEP_CROP, [self._store.key(crop_key(name))], [name, self._keep_ms, image.jpeg])


def want(store: SiteStore, cameras: Sequence[str]) -> None:
    """Asks for the frames of some cameras, for a while."""
    keys = [store.key(wanted_key(camera)) for camera in cameras]
    store.run(WANT, keys, [int(WANTED_S * 1000), *(1 for _ in cameras)])


def read_frame(store: SiteStore, camera: str, known: str) -> CameraImage | None:
    """The newest frame of a camera; None if there is none, or only the one that is known."""
    found = store.run(READ_FRAME, [store.key(frame_key(camera))], [known])
    if not found:
        return None
    try:
        return CameraImage.of(found[0], found[1])
    except (ValueError, KeyError, TypeError):
        return None


def read_crop(store: SiteStore, track: TrackKey) -> bytes | None:
    """The best crop of a track, as JPEG."""
    return store.text(crop_key(track_name(track)))


def say_status(store: SiteStore, process: str, line: str) -> None:
    """Says how a process is."""
    store.run(SAY_STATUS, [], [process, STATUS_S, line])


def read_statuses(store: SiteStore) -> dict[str, bytes]:
    """What each process reported last."""
    return {process.decode(errors="replace"): line for process, line in store.hash(STATUS).items()}
