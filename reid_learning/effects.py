"""What a camera does to an image: light, colour, coarseness, blur, noise, compression; drawn at random.

Numbers are drawn per image; the same generator gives the same image.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
GREY_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue in lightness (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True)
class EffectParams:
    """How far an image may be changed; shares are of images, between 0 and 1.

    Attributes:
        light: range of the exponent to which levels are raised, as a power of 2 to either side.
        gain: of all levels, as a power of 2 to either side.
        cast: of the colours against each other, as a power of 2 to either side.
        saturation: least and most.
        grey: share without colour.
        coarse: share that was smaller before; `least_scale` is the least size.
        least_scale: see there.
        blur: share that is blurred, round or along a line, by `most_blur` pixels at most.
        most_blur: see there.
        noise: share with noise, of `most_noise` levels at most.
        most_noise: see there.
        jpeg: share that is compressed; `worst_jpeg` is the least quality.
        worst_jpeg: see there.
    """

    light: float = 0.4
    gain: float = 0.35
    cast: float = 0.18
    saturation: tuple[float, float] = (0.55, 1.4)
    grey: float = 0.02
    coarse: float = 0.35
    least_scale: float = 0.3
    blur: float = 0.25
    most_blur: float = 2.5
    noise: float = 0.25
    most_noise: float = 10.0
    jpeg: float = 0.35
    worst_jpeg: int = 25

    def weaker(self, strength: float) -> "EffectParams":
        """The same with ranges and shares that are `strength`, 0 to 1, of these."""
        low, high = self.saturation
        return replace(
            self,
            light=self.light * strength,
            gain=self.gain * strength,
            cast=self.cast * strength,
            saturation=(1 + (low - 1) * strength, 1 + (high - 1) * strength),
            grey=self.grey * strength,
            coarse=self.coarse * strength,
            blur=self.blur * strength,
            noise=self.noise * strength,
            jpeg=self.jpeg * strength,
        )


def seen_by_camera(image: Image, params: EffectParams, rng: np.random.Generator, *, scale: float = 1.0) -> Image:
    """An image as another camera might have seen it.

    Args:
        image: (H, W, 3) uint8 RGB.
        params: see there.
        rng: of all that is drawn.
        scale: of the image to those that the parameters are meant for; a smaller one is blurred by less.
    """
    if rng.random() < params.coarse:
        image = _coarse(image, min(1.0, rng.uniform(params.least_scale, 1.0) / scale))
    if rng.random() < params.blur:
        image = _blurred(image, rng.uniform(0.5, params.most_blur) * scale, rng)
    image = _lit(image, params, rng)
    if rng.random() < params.noise:
        image = _noisy(image, rng.uniform(1.0, params.most_noise), rng)
    if rng.random() < params.jpeg:
        image = _compressed(image, int(rng.integers(params.worst_jpeg, 95)))
    return image


def _coarse(image: Image, scale: float) -> Image:
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(2, int(width * scale)), max(2, int(height * scale))), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _blurred(image: Image, size_px: float, rng: np.random.Generator) -> Image:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), size_px / 2), np.uint8)
    reach_px = int(np.ceil(size_px))
    angle = rng.uniform(0, np.pi)
    end = np.rint(np.array([np.cos(angle), np.sin(angle)]) * reach_px).astype(int)
    kernel = np.zeros((2 * reach_px + 1, 2 * reach_px + 1), np.float32)
    cv2.line(kernel, (reach_px - end).tolist(), (reach_px + end).tolist(), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def _lit(image: Image, params: EffectParams, rng: np.random.Generator) -> Image:
    """Other light: exponent, gain and cast by a table for each colour, then saturation."""
    power = 2 ** rng.uniform(-params.light, params.light)
    gain = 2 ** (rng.uniform(-params.gain, params.gain) + rng.uniform(-params.cast, params.cast, 3))
    levels = np.linspace(0, 1, 256, dtype=np.float32)[:, None] ** power * (gain * 255)
    table = np.clip(levels, 0, 255).astype(np.uint8)
    lit = np.asarray(cv2.LUT(image, table[None]), np.uint8)
    saturation = 0.0 if rng.random() < params.grey else rng.uniform(*params.saturation)
    mix = saturation * np.eye(3, dtype=np.float32) + (1 - saturation) * GREY_WEIGHTS
    return np.asarray(cv2.transform(lit, mix), np.uint8)


def _noisy(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(sigma)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _compressed(image: Image, quality: int) -> Image:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
