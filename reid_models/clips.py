"""Which frames of a track make a clip."""

import numpy as np
from numpy.typing import NDArray

USUAL_FRAMES = 8
"""Crops in a clip, where neither the network nor the configuration says how many."""


def spread(n: int, frames: int) -> NDArray[np.intp]:
    """Which of `n` crops, in order of time, make a clip of `frames`: evenly spread; of a short track some stand twice.

    The n crops are cut into `frames` stretches of equal length, and the middle of each is taken: no crop is preferred
    for lying at an end, where people are cut by the border of the image.

    Args:
        n: crops at hand.
        frames: T.

    Returns:
        (T,) indices, never falling.

    Raises:
        ValueError: if there is no crop, or no frame is asked for.
    """
    if n < 1 or frames < 1:
        raise ValueError(f"expected at least one crop and one frame, found {n} crops and {frames} frames")
    return ((2 * np.arange(frames) + 1) * n // (2 * frames)).astype(np.intp)
