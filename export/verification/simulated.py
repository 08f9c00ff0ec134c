"""Simulated people for whoever gives no data: tracklets to encode, images to look at."""

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from reid_models.training.datasets.listing import nobody
from reid_models.training.tracklets import Dataset, PackedFrames, TrackletSet
from reid_runtime.card import ClipSpec
from reid_simulation.output.crops import CropParams, Studio
from reid_simulation.output.scatter import ScatterParams, anybody, scattered_frames

SEED = 2020
"""Of people whom no network of ours has learnt from."""
CAMERAS = 6
SEEN_BY = 3
CROPS = 4
"""In a tracklet; a clip of more frames shows some twice."""
EVERY_S = 0.4
IMAGE_CAMERAS = 6
IMAGE_PEOPLE = 40

Advance = Callable[[], None]


def simulated_people(clip: ClipSpec, *, calibrating: int, asked: int, advance: Advance = lambda: None) -> Dataset:
    """Tracklets of people before some cameras each, rendered now.

    Args:
        clip: how large crops are.
        calibrating: persons of `train`.
        asked: persons of `query`, each tracklet of whom is searched for among all others.
        advance: called after each person.
    """
    params = CropParams(
        height=clip.height, width=clip.width, cameras=CAMERAS, frame_width=640, frame_height=480, seed=SEED
    )
    studio = Studio(anybody(SEED), params)
    crops: list[NDArray[np.uint8]] = []
    rows: list[tuple[int, int, int]] = []
    for person in range(1, calibrating + asked + 1):
        rng = np.random.default_rng([SEED, person])
        for camera in rng.choice(CAMERAS, SEEN_BY, replace=False).tolist():
            seen = studio.tracklet(rng, person, camera=camera, count=CROPS, every_s=EVERY_S)
            if seen:
                rows.append((person, camera, len(seen)))
                crops.extend(crop.image for crop in seen)
        advance()
    persons, cameras, lengths = np.array(rows, np.int64).T
    frames = PackedFrames((np.stack(crops),))
    people = TrackletSet(persons, cameras, np.cumsum(lengths) - lengths, lengths, frames)
    is_asked = people.persons > calibrating
    return Dataset("simulated", "simulated people", people.some(~is_asked), people.some(is_asked), nobody(people))


def simulated_images(count: int, *, advance: Advance = lambda: None) -> list[NDArray[np.uint8]]:
    """Images of people in rooms and open places, (H, W, 3) uint8 RGB each, rendered now."""
    found: list[NDArray[np.uint8]] = []
    for image in islice(_images(count), count):
        found.append(image)
        advance()
    return found


def _images(count: int) -> Iterator[NDArray[np.uint8]]:
    params = ScatterParams(
        cameras=IMAGE_CAMERAS,
        frames=-(-count // IMAGE_CAMERAS),
        group=IMAGE_PEOPLE,
        most_people=12,
        least_px=40.0,
        rooms=0.5,
        seed=SEED,
    )
    everybody = np.arange(1, IMAGE_PEOPLE + 1, dtype=np.int64)
    for _, frame in scattered_frames(anybody(SEED), everybody, params):
        yield frame.image
