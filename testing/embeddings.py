"""Embeddings and ends of tracks as a worker sends them, each with a random vector of its own."""

import numpy as np

from passerby_events.tracks import TrackKey
from pipeline.records import Embedding, TrackEnd
from pipeline.store.embedding_messages import Expected

MODEL = "m@1"
EXPECTED = Expected(frozenset({"door", "yard"}), MODEL, 8)


def embedding(track: int, *, tracklet_index: int = 0, camera: str = "door", cut_s: float = 9.1) -> Embedding:
    vector = np.random.default_rng(track * 100 + tracklet_index).standard_normal(8)
    return Embedding(
        track=TrackKey(camera, "r", track),
        tracklet_index=tracklet_index,
        cut_s=cut_s,
        clock="sender",
        start_s=5.123456789012345,
        end_s=9.1,
        quality=0.75,
        box=np.array([1.5, 2, 3, 4.1], np.float32),
        vector=(vector / np.linalg.norm(vector)).astype(np.float32),
        model_id=MODEL,
    )


def end(track: int, cut_s: float = 9.5) -> TrackEnd:
    return TrackEnd(TrackKey("door", "r", track), cut_s, 1.0, 9.0, "sender")
