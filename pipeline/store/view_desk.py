"""Images of a site in Redis: workers lay them out, and whoever serves the view takes them from there."""

from collections.abc import Sequence
from typing import Literal

from passerby_events.tracks import TrackKey
from pipeline.images import CameraImage, TrackImage
from pipeline.store.client import SiteStore
from pipeline.store.keys import STATUS, frame_key, images_key, track_name, wanted_key
from pipeline.store.view_scripts import KEEP_IMAGES, READ_FRAME, READ_IMAGE, SAY_STATUS, SHOW_FRAME, WANT, WANTED

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
        keep_s: how long the images of a track are kept, seconds.
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
        keys = [self._store.key(images_key(name))]
        self._store.run(KEEP_IMAGES, keys, [name, self._keep_ms, image.jpeg, image.moments])


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


def read_image(store: SiteStore, track: TrackKey, which: Literal["jpeg", "moments"]) -> bytes | None:
    """One of the images of a track, as JPEG; None if none is kept."""
    found: bytes | None = store.run(READ_IMAGE, [store.key(images_key(track_name(track)))], [which])
    return found


def say_status(store: SiteStore, process: str, line: str) -> None:
    """Says how a process is."""
    store.run(SAY_STATUS, [], [process, STATUS_S, line])


def read_statuses(store: SiteStore) -> dict[str, bytes]:
    """What each process reported last."""
    return {process.decode(errors="replace"): line for process, line in store.hash(STATUS).items()}
