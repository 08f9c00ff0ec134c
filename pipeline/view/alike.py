"""Who looks most like an image, or like a sighting: vectors of tracks, compared with all that are known."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.matching.identity_loop import DecidedWindow

MOST_TRACKS = 200_000

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alike:
    """A track, and its cosine to what was asked for."""

    track: TrackKey
    similarity: float


class VectorShelf:
    """The mean vector of each track; from any thread. The oldest tracks go first where there are too many."""

    def __init__(self, most: int = MOST_TRACKS) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._totals: dict[TrackKey, Vector] = {}

    def observe(self, decided: DecidedWindow) -> None:
        """Adds what a window says, as the matcher does."""
        with self._lock:
            for embedding in decided.window.embeddings:
                before = self._totals.get(embedding.track)
                self._totals[embedding.track] = embedding.vector if before is None else before + embedding.vector
            self._make_room()

    def put(self, totals: Mapping[TrackKey, NDArray[np.float64]]) -> None:
        """Sums of embeddings, each in the place of what was known of its track."""
        with self._lock:
            self._totals |= {track: total.astype(np.float32) for track, total in totals.items()}
            self._make_room()

    def keep_only(self, tracks: set[TrackKey]) -> None:
        with self._lock:
            for track in self._totals.keys() - tracks:
                del self._totals[track]

    def forget(self, tracks: list[TrackKey]) -> None:
        with self._lock:
            for track in tracks:
                self._totals.pop(track, None)

    def vector(self, track: TrackKey) -> Vector | None:
        with self._lock:
            total = self._totals.get(track)
        return None if total is None else _direction(total)

    def search(self, vector: Vector) -> list[Alike]:
        """All tracks, the most similar first."""
        with self._lock:
            tracks = list(self._totals)
            if not tracks or len(self._totals[tracks[0]]) != len(vector):
                return []
            totals = list(self._totals.values())
        matrix = np.stack(totals)
        similarity = (matrix @ vector) / np.maximum(np.linalg.norm(matrix, axis=1), 1e-12)
        order = np.argsort(-similarity, kind="stable")
        return [Alike(tracks[int(row)], round(float(similarity[row]), 4)) for row in order]

    def _make_room(self) -> None:
        for track in list(self._totals)[: max(0, len(self._totals) - self._most)]:
            del self._totals[track]


def _direction(total: Vector) -> Vector:
    return (total / max(1e-12, float(np.linalg.norm(total)))).astype(np.float32)
