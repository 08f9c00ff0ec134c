"""The heavy worker of `benchmarks.faults.outages`: tracklets of nobody, so many a second, as of live cameras.

    python -m benchmarks.faults.outage_load URL SITE CAMERA MODEL_ID PER_SECOND MAX_WAITING LEDGER

A window every second of wall time, each with whole tracks of three embeddings. Like a live camera it does not run
after what it could not hand over: the seconds in which its stream was full or Redis away are dropped at the source.
SIGTERM ends it; the ledger then holds which tracks were handed over, and how many seconds were dropped.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from passerby_events.tracks import TrackKey
from pipeline.commands.stopping import StopSignal
from pipeline.config import RedisConfig
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.store.client import SiteStore
from pipeline.store.embedding_stream import EmbeddingWriter

DIMENSIONS = 512
PERSONS = 700
TRACKLETS = 3
RUN = "load"


def main(argv: Sequence[str]) -> None:
    url, site, camera, model_id, per_second, max_waiting, ledger = argv
    load = Load(camera, model_id, int(per_second) // TRACKLETS)
    with StopSignal() as stop, SiteStore(url, site) as store:
        # Patient beyond any outage: to give up would be to drop what was cut already.
        limits = RedisConfig(max_waiting=int(max_waiting), patience_s=1e6)
        writer = EmbeddingWriter(store, camera, [camera], model_id=model_id, limits=limits)
        writer.open()
        second, dropped = int(time.time()), 0
        while not stop.is_set():
            time.sleep(max(0.0, second + 1 - time.time()))
            writer.write(load.window(second))
            passed = int(time.time())
            dropped += max(0, passed - second - 1)
            second = max(second + 1, passed)
        writer.close()
    Path(ledger).write_text(json.dumps({"tracks": load.tracks, "dropped_s": dropped}), encoding="ascii")


class Load:
    """Makes the windows.

    Attributes:
        tracks: how many there were; they are numbered from 0.
    """

    def __init__(self, camera: str, model_id: str, tracks_per_s: int) -> None:
        self.tracks = 0
        self._camera = camera
        self._model_id = model_id
        self._tracks_per_s = tracks_per_s
        self._rng = np.random.default_rng(0)
        self._appearance = _units(self._rng.standard_normal((PERSONS, DIMENSIONS)))

    def window(self, second: int) -> EmbeddedWindow:
        """The tracks that passed by within one second since the epoch."""
        embeddings: list[Embedding] = []
        ended: list[TrackEnd] = []
        for _ in range(self._tracks_per_s):
            key = TrackKey(self._camera, RUN, self.tracks)
            embeddings += (self._embedding(key, tracklet_index, second) for tracklet_index in range(TRACKLETS))
            ended.append(TrackEnd(key, second + 0.9, second + 0.1, second + 0.8, "receive"))
            self.tracks += 1
        return EmbeddedWindow(second + 1.0, tuple(embeddings), tuple(ended))

    def _embedding(self, track: TrackKey, tracklet_index: int, second: int) -> Embedding:
        person = track.track * 7919 % PERSONS
        vector = self._appearance[person] + 0.02 * self._rng.standard_normal(DIMENSIONS)
        return Embedding(
            track=track,
            tracklet_index=tracklet_index,
            cut_s=second + 0.2 * (tracklet_index + 1),
            clock="receive",
            start_s=second + 0.1,
            end_s=second + 0.2 * (tracklet_index + 1),
            quality=1.0,
            box=np.array([1, 2, 3, 4], np.float32),
            vector=_units(vector[None])[0].astype(np.float32),
            model_id=self._model_id,
        )


def _units(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    units: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return units


if __name__ == "__main__":
    main(sys.argv[1:])
