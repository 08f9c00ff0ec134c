"""Windows of embeddings whose vectors are directions in the plane, at a site with a door and a yard."""

from collections.abc import Sequence

import numpy as np

from passerby_events.tracks import TrackKey
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site, Transit

SITE = Site(name="shop", transits=(Transit(between=("door", "yard"), min_s=2, max_s=60),))


def embedding(
    camera: str, track: int, angle: float, start_s: float, end_s: float, tracklet_index: int = 0, quality: float = 1.0
) -> Embedding:
    radians = np.radians(angle)
    return Embedding(
        track=TrackKey(camera, "r", track),
        tracklet_index=tracklet_index,
        cut_s=end_s,
        clock="container",
        start_s=start_s,
        end_s=end_s,
        quality=quality,
        box=np.array([1, 2, 3, 4], np.float32),
        vector=np.array([np.cos(radians), np.sin(radians)], np.float32),
        model_id="m@1",
    )


def end(camera: str, track: int, start_s: float, end_s: float) -> TrackEnd:
    return TrackEnd(TrackKey(camera, "r", track), end_s + 1, start_s, end_s, "container")


def window(end_s: float, embeddings: Sequence[Embedding] = (), ended: Sequence[TrackEnd] = ()) -> EmbeddedWindow:
    return EmbeddedWindow(end_s, tuple(embeddings), tuple(ended))
