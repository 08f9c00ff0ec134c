"""Crops of people who are each of one colour above and one below: the least that can be told apart."""

import numpy as np

from reid_models.training.data import CropSet


def coloured_people(persons: int, crops: int, *, seed: int = 0, height: int = 40, width: int = 20) -> CropSet:
    """That many persons with that many crops each, before three cameras; with masks."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(20, 236, (persons, 1, 2, 3))
    images = np.zeros((persons, crops, height, width, 4), np.uint8)
    images[..., :3] = rng.integers(0, 256, (persons, crops, 1, 1, 3))
    middle, body = height // 2, slice(width // 4, 3 * width // 4)
    images[:, :, 2:middle, body, :3] = colours[:, :, :1, None]
    images[:, :, middle : height - 2, body, :3] = colours[:, :, 1:, None]
    images[:, :, 2 : height - 2, body, 3] = 255
    return CropSet(
        (images.reshape(-1, height, width, 4),),
        np.repeat(np.arange(persons), crops).astype(np.int64),
        np.tile(np.arange(crops) % 3, persons).astype(np.int64),
        margin=0.05,
    )
