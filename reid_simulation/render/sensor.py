"""What lens and sensor add to an image: softness and noise."""

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from reid_simulation.seams.cameras import Camera

Image = NDArray[np.uint8]

# The noise of a frame is a window of this much more than the image, at a place that the frame's number chooses.
_MARGIN = 61
_STEPS = 24.0
# Part of the noise that all three colours share.
_SHARED = 0.75


class Sensor:
    """Of one camera; makes its noise once."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._grain = Grain(camera.width, camera.height, camera.seed)

    def develop(self, image: Image, index: int) -> Image:
        """The image as the camera hands it on; `index` of the frame chooses the noise."""
        camera = self._camera
        if camera.softness_px > 0:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), camera.softness_px), np.uint8)
        return self._grain.added(image, camera.noise, np.random.default_rng([camera.seed, index]))


class Grain:
    """Noise for images of up to a size; every image gets another part of it."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 9])
        shape = (height + _MARGIN, width + _MARGIN)
        grey = rng.standard_normal((*shape, 1), np.float32)
        colours = rng.standard_normal((*shape, 3), np.float32)
        mixed = _SHARED * grey + np.sqrt(np.float32(1 - _SHARED**2)) * colours
        # A little of it hangs together, as after a camera's own filters.
        soft = mixed + 0.35 * (np.roll(mixed, 1, axis=0) + np.roll(mixed, 1, axis=1))
        self._noise = np.asarray(np.clip(_STEPS * soft / soft.std(), -127, 127), np.int8).reshape(shape[0], -1)

    def added(self, image: Image, strength: float, rng: np.random.Generator) -> Image:
        """The image, (H, W, 3), with noise of so many grey levels' standard deviation at middle grey."""
        if strength <= 0:
            return image
        height, width, _ = image.shape
        top = int(rng.integers(0, self._noise.shape[0] - height))
        left = int(rng.integers(0, self._noise.shape[1] // 3 - width))
        window = self._noise[top : top + height, 3 * left : 3 * (left + width)]
        noisy = np.empty_like(image)
        _add(image.reshape(height, -1), window, round(strength * 256 / _STEPS), noisy.reshape(height, -1))
        return noisy


@numba.njit(cache=True, nogil=True)
def _add(image: Image, noise: NDArray[np.int8], strength: int, noisy: Image) -> None:
    """Rows of (H, 3 W). The square root of light lifts the noise of the dark; whites clip it."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            level = np.int32(image[y, x])
            amount = (np.int32(noise[y, x]) * np.int32(strength) * (np.int32(384) - level)) >> np.int32(16)
            noisy[y, x] = min(max(level + amount, np.int32(0)), np.int32(255))
