"""The encode loop: windows of tracklets become windows of embeddings, batched over all cameras of the process."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.records import EmbeddedWindow, Embedding, Tracklet, Window
from reid_models.clips import spread
from reid_models.encoder import Encoder


@dataclass(frozen=True, slots=True, eq=False)
class EncodedBatch:
    """Tracklets that went through the encoder together, and the wall time that it took in seconds."""

    tracklets: Sequence[Tracklet]
    took_s: float


class EncodeLoop:
    """Encodes window after window; one thread. Here alone clips are put together in batches.

    Args:
        batch: clips in one pass through the network, at most.
        observers: are told of each batch that was encoded.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        batch: int = 1,
        observers: Sequence[Callable[[EncodedBatch], None]] = (),
    ) -> None:
        if batch < 1:
            raise ValueError(f"expected a batch of at least 1 clip, found {batch}")
        self._encoder = encoder
        self._batch = batch
        self._observers = observers

    def step(self, window: Window) -> EmbeddedWindow:
        """The window with an embedding in the place of each tracklet, in the same order."""
        embeddings: list[Embedding] = []
        for start in range(0, len(window.tracklets), self._batch):
            embeddings += self._encode(window.tracklets[start : start + self._batch])
        return EmbeddedWindow(window.end_s, tuple(embeddings), window.ended)

    def _encode(self, batch: Sequence[Tracklet]) -> list[Embedding]:
        started_s = time.perf_counter()
        vectors = self._encoder.encode(self._clips(batch))
        encoded = EncodedBatch(batch, time.perf_counter() - started_s)
        for observer in self._observers:
            observer(encoded)
        return [self._embedding(*pair) for pair in zip(batch, vectors, strict=True)]

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
            box=tracklet.boxes[int(tracklet.quality.argmax())],
            vector=vector,
            model_id=self._encoder.model_id,
        )
