"""What lens and sensor add to a picture: softness and noise."""

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from simulation.cameras import Camera

Image = NDArray[np.uint8]

# The noise of a frame is a window of this much more than the picture, at a place that the frame's number chooses.
_MARGIN = 61
_STEPS = 24.0
# Part of the noise that all three colours share.
_SHARED = 0.75


class Sensor:
    """Of one camera; makes its noise once."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._noise = _noise(camera.height + _MARGIN, camera.width + _MARGIN, camera.seed)

    def develop(self, image: Image, index: int) -> Image:
        """The picture as the camera hands it on; `index` of the frame chooses the noise."""
        camera = self._camera
        if camera.softness_px > 0:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.softness_px), np.uint8)
        if camera.noise <= 0:
            return image
        rng = np.random.default_rng([camera.seed, index])
        top, left = (int(value) for value in rng.integers(0, _MARGIN, 2))
        window = self._noise[top : top + camera.height, 3 * left : 3 * (left + camera.width)]
        developed = np.empty_like(image)
        rows = (camera.height, 3 * camera.width)
        _add(image.reshape(rows), window, round(camera.noise * 256 / _STEPS), developed.reshape(rows))
        return developed


def _noise(height: int, width: int, seed: int) -> NDArray[np.int8]:
    """(height, 3 * width), standard deviation _STEPS; a little of it hangs together, as after a camera's filters."""
    rng = np.random.default_rng([seed, 9])
    grey = rng.normal(size=(height, width, 1)).astype(np.float32)
    colours = rng.normal(size=(height, width, 3)).astype(np.float32)
    mixed = _SHARED * grey + np.sqrt(1 - _SHARED**2) * colours
    soft = mixed + 0.35 * (np.roll(mixed, 1, axis=0) + np.roll(mixed, 1, axis=1))
    return np.asarray(np.clip(_STEPS * soft / soft.std(), -127, 127), np.int8).reshape(height, 3 * width)


@numba.njit(cache=True, nogil=True)
def _add(image: Image, noise: NDArray[np.int8], strength: int, developed: Image) -> None:
    """Rows of (H, 3 W). The square root of light lifts the noise of the dark; whites clip it."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            level = np.int32(image[y, x])
            amount = (np.int32(noise[y, x]) * np.int32(strength) * (np.int32(384) - level)) >> np.int32(16)
            developed[y, x] = min(max(level + amount, np.int32(0)), np.int32(255))
