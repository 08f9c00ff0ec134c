"""The records that the loops hand to each other. Frozen; their arrays are never changed after construction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import Clock, TrackKey

Image = NDArray[np.uint8]
GOOD_QUALITY = 0.5
"""From here on nothing speaks against a crop, or a tracklet; below, something does, the more the lower."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of one camera.

    Attributes:
        camera: name of the camera.
        index: number of the frame in its stream, from 0; a gap means that frames were dropped.
        time_s: seconds since the epoch.
        clock: whose clock `time_s` is.
        image: (H, W, 3) uint8, RGB.
    """

    camera: str
    index: int
    time_s: float
    clock: Clock
    image: Image


@dataclass(frozen=True, slots=True, eq=False)
class Tracklet:
    """A stretch of a track, cut when it has enough good crops or when the track ends.

    Attributes:
        track: whose stretch it is.
        tracklet_index: number of the stretch within its track, from 0.
        start_s: when the stretch began, good crop or not: with the track, or where the tracklet before was cut.
        cut_s: stream time at which it was cut, seconds since the epoch.
        clock: whose clock the times are.
        crops: (T, H, W, 3) uint8 RGB, in order of time.
        times_s: (T,) float64, one per crop.
        boxes: (T, 4) float32 xyxy pixels of the frame each crop was cut from.
        quality: (T,) float32 in [0, 1], higher is better; below `GOOD_QUALITY` something speaks against the crop.
    """

    track: TrackKey
    tracklet_index: int
    start_s: float
    cut_s: float
    clock: Clock
    crops: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    boxes: NDArray[np.float32]
    quality: NDArray[np.float32]

    def __post_init__(self) -> None:
        n = len(self.crops)
        if not n or self.crops.ndim != 4 or (len(self.times_s), self.boxes.shape, len(self.quality)) != (n, (n, 4), n):
            raise ValueError(
                f"crops {self.crops.shape}, times {self.times_s.shape}, boxes {self.boxes.shape} and quality "
                f"{self.quality.shape} do not line up as (T, H, W, 3), (T,), (T, 4) and (T,) with T > 0"
            )


@dataclass(frozen=True, slots=True)
class TrackEnd:
    """A track that was given up.

    Attributes:
        track: which track.
        cut_s: stream time at which the tracker gave it up, seconds since the epoch.
        start_s: when the track was first seen.
        end_s: when it was last seen.
        clock: whose clock the times are.
    """

    track: TrackKey
    cut_s: float
    start_s: float
    end_s: float
    clock: Clock


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """What the encoder made of one tracklet.

    Attributes:
        track, tracklet_index, start_s, cut_s, clock: those of the tracklet.
        end_s: time of its last crop.
        quality: in [0, 1], how well its crops show the person; below `GOOD_QUALITY` it is not to be trusted as usual.
        box: (4,) float32, where the person stood in its best crop, xyxy pixels.
        vector: (D,) float32 of length 1.
        model_id: which network, and which weights of it; vectors of two models never compare.
    """

    track: TrackKey
    tracklet_index: int
    cut_s: float
    clock: Clock
    start_s: float
    end_s: float
    quality: float
    box: NDArray[np.float32]
    vector: NDArray[np.float32]
    model_id: str


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """All that the cameras cut within one stretch of stream time, in an order that no thread can change.

    Attributes:
        end_s: the stretch ends here (exclusive), seconds since the epoch.
        tracklets: sorted by (cut_s, track, tracklet_index).
        ended: sorted by (cut_s, track); a track's tracklets never come after its end.
    """

    end_s: float
    tracklets: tuple[Tracklet, ...]
    ended: tuple[TrackEnd, ...]


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """Where a message stands in the stream it came through: its id, and the worker that wrote it, empty if unknown."""

    id: bytes
    worker: str


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedWindow:
    """A window after encoding: as `Window`, with an embedding in the place of each tracklet.

    Attributes:
        end_s, ended: those of the window; what came late has the end of the last window once more.
        embeddings: sorted by (cut_s, track, tracklet_index).
        entries: messages of a stream that are of no more use once the window is committed; none within a process.
    """

    end_s: float
    embeddings: tuple[Embedding, ...]
    ended: tuple[TrackEnd, ...]
    entries: tuple[StreamEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Whoever may wait for others for long has looked for them once more, and so is alive."""
