"""The encode loop: windows of tracklets become windows of embeddings, batched over all cameras of the process."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd, Tracklet, Window
from reid_models.clips import spread
from reid_models.encoder import Encoder
from reid_models.vectors import has_direction

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedBatch:
    """What went through the encoder together.

    Attributes:
        tracklets: all of them.
        took_s: wall time, seconds.
        dropped: those of which the network made nothing: NaN, or zeros.
    """

    tracklets: Sequence[Tracklet]
    took_s: float
    dropped: Sequence[Tracklet] = ()


@dataclass(frozen=True, slots=True)
class TracksEnded:
    """Tracks that ended with a window and had left tracklets.

    Attributes:
        encoded: those with an embedding at least.
        not_encoded: those of whose tracklets the network made nothing.
    """

    encoded: Sequence[TrackKey]
    not_encoded: Sequence[TrackKey]


class EncodeLoop:
    """Encodes window after window; one thread. Here alone clips are put together in batches.

    A tracklet of which the network makes nothing is dropped, and the rest go on; the first of each camera is logged.

    Args:
        batch: clips in one pass through the network, at most.
        observers: are told of each batch that was encoded, and of the tracks that have ended since.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        batch: int = 1,
        observers: Sequence[Callable[[EncodedBatch | TracksEnded], None]] = (),
    ) -> None:
        if batch < 1:
            raise ValueError(f"expected a batch of at least 1 clip, found {batch}")
        self._encoder = encoder
        self._batch = batch
        self._observers = observers
        self._named: set[str] = set()
        self._has_embedding: dict[TrackKey, bool] = {}
        """Of tracks that have not ended and left a tracklet."""

    def step(self, window: Window) -> EmbeddedWindow:
        """The window with an embedding in the place of each tracklet that has one, in the same order."""
        embeddings: list[Embedding] = []
        for start in range(0, len(window.tracklets), self._batch):
            embeddings += self._encode(window.tracklets[start : start + self._batch])
        self._end_tracks(window.ended)
        return EmbeddedWindow(window.end_s, tuple(embeddings), window.ended)

    def _encode(self, batch: Sequence[Tracklet]) -> list[Embedding]:
        started_s = time.perf_counter()
        vectors = self._encoder.encode(self._clips(batch))
        took_s = time.perf_counter() - started_s
        rows = list(zip(batch, vectors, has_direction(vectors), strict=True))
        dropped = [tracklet for tracklet, _, is_good in rows if not is_good]
        self._name(dropped)
        for tracklet, _, is_good in rows:
            self._has_embedding[tracklet.track] = bool(is_good) or self._has_embedding.get(tracklet.track, False)
        for observer in self._observers:
            observer(EncodedBatch(batch, took_s, dropped))
        return [self._embedding(tracklet, vector) for tracklet, vector, is_good in rows if is_good]

    def _end_tracks(self, ended: Sequence[TrackEnd]) -> None:
        tracks = [end.track for end in ended if end.track in self._has_embedding]
        if not tracks:
            return
        encoded = {track: self._has_embedding.pop(track) for track in tracks}
        news = TracksEnded([t for t in tracks if encoded[t]], [t for t in tracks if not encoded[t]])
        for observer in self._observers:
            observer(news)

    def _name(self, dropped: Sequence[Tracklet]) -> None:
        for camera in sorted({tracklet.track.camera for tracklet in dropped} - self._named):
            self._named.add(camera)
            logger.warning(
                "%s: %s made NaN or zeros of a tracklet, which is dropped; "
                "reid_tracklets_unencoded_total counts those that follow",
                camera,
                self._encoder.model_id,
                extra={"camera": camera},
            )

    def _clips(self, batch: Sequence[Tracklet]) -> NDArray[np.uint8]:
        frames = self._encoder.clip.frames
        clips = np.empty((len(batch), frames, *batch[0].crops.shape[1:]), np.uint8)
        for clip, tracklet in zip(clips, batch, strict=True):
            # Every index is in range; in its default mode numpy would copy once more, to be able to take back.
            tracklet.crops.take(spread(len(tracklet.crops), frames), axis=0, out=clip, mode="clip")
        return clips

    def _embedding(self, tracklet: Tracklet, vector: NDArray[np.float32]) -> Embedding:
        return Embedding(
            track=tracklet.track,
            tracklet_index=tracklet.tracklet_index,
            cut_s=tracklet.cut_s,
            clock=tracklet.clock,
            start_s=tracklet.start_s,
            end_s=float(tracklet.times_s[-1]),
            quality=float(tracklet.quality.mean()),
            box=tracklet.boxes[int(tracklet.quality.argmax())],
            vector=vector,
            model_id=self._encoder.model_id,
        )
