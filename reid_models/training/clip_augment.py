"""What the papers do to the frames of a clip before a network sees them: size, place, mirror, erasing.

What a camera and a detector do, which the shipped encoder learns from, is in `augment`.
"""

# T frames, H x W pixels

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ClipAugmentParams:
    """
    Attributes:
        flip: share that is mirrored.
        translate: share that is enlarged by an eighth and cut back at a random place (Random2DTranslation: COSAM,
            Gao, 0.5).
        crop: enlarged to (height, width) of this many eighths of the clip's and cut back: (9, 9) is 288 x 144 for
            256 x 128 (attribute-driven). None: the whole frame.
        erase: share of which a rectangle is hidden (Zhong et al., AAAI 2020; CSA, the modern recipe).
        jitter: how far brightness, contrast and saturation may go, to either side of 1; 0: not at all.
        per: whether it is drawn anew for each frame (COSAM, Gao) or once a clip (TKP, AP3D).
        interpolation: of sizes: bilinear, or bicubic (TKP).
    """

    flip: float = 0.5
    translate: float = 0.0
    crop: tuple[int, int] | None = None
    erase: float = 0.0
    jitter: float = 0.0
    per: Literal["frame", "clip"] = "clip"
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"


def augment_clip(
    frames: Sequence[Image], params: ClipAugmentParams, rng: np.random.Generator, *, height: int, width: int
) -> Image:
    """Frames of any size as a clip.

    Args:
        frames: T of (h, w, 3) uint8 RGB.
        params: see there.
        rng: of all that is drawn.
        height, width: of the clip, pixels.

    Returns:
        (T, height, width, 3) uint8 RGB.
    """
    clip = np.empty((len(frames), height, width, 3), np.uint8)
    drawn = _draw(params, rng, height, width)
    for number, frame in enumerate(frames):
        if params.per == "frame" and number:
            drawn = _draw(params, rng, height, width)
        clip[number] = _changed(frame, drawn, params, height, width)
    return clip


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What happens to a frame. `top`, `left`: of the part that is kept, in a frame of `size`; `hidden`: rectangle."""

    is_mirrored: bool
    size: tuple[int, int]
    top: int
    left: int
    hidden: tuple[int, int, int, int] | None
    hides_with: tuple[int, int, int]
    gain: float
    contrast: float
    saturation: float


def _draw(params: ClipAugmentParams, rng: np.random.Generator, height: int, width: int) -> _Drawn:
    size = (height, width)
    if params.crop is not None:
        size = (height * params.crop[0] // 8, width * params.crop[1] // 8)
    if rng.random() < params.translate:
        size = (round(height * 1.125), round(width * 1.125))
    top, left = int(rng.integers(0, size[0] - height + 1)), int(rng.integers(0, size[1] - width + 1))
    low, high = 1 - params.jitter, 1 + params.jitter
    gain, contrast, saturation = rng.uniform(low, high, 3).tolist()
    return _Drawn(
        is_mirrored=rng.random() < params.flip,
        size=size,
        top=top,
        left=left,
        hidden=_rectangle(rng, height, width) if rng.random() < params.erase else None,
        hides_with=tuple(rng.integers(0, 256, 3).tolist()),
        gain=gain,
        contrast=contrast,
        saturation=saturation,
    )


def _rectangle(rng: np.random.Generator, height: int, width: int) -> tuple[int, int, int, int]:
    """top, left, rows and columns of 2 to 40 parts in 100 of the area."""
    area = rng.uniform(0.02, 0.4) * height * width
    shape = np.exp(rng.uniform(np.log(0.3), np.log(3.3)))
    rows, columns = min(height, max(1, round(np.sqrt(area * shape)))), min(width, max(1, round(np.sqrt(area / shape))))
    return int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1)), rows, columns


def _changed(frame: Image, drawn: _Drawn, params: ClipAugmentParams, height: int, width: int) -> Image:
    way = cv2.INTER_CUBIC if params.interpolation == "bicubic" else cv2.INTER_LINEAR
    if frame.shape[:2] != drawn.size:
        frame = np.asarray(cv2.resize(frame, drawn.size[::-1], interpolation=way), np.uint8)
    frame = frame[drawn.top : drawn.top + height, drawn.left : drawn.left + width]
    if params.jitter:
        frame = _jittered(frame, drawn)
    if drawn.is_mirrored:
        frame = frame[:, ::-1]
    if drawn.hidden is not None:
        top, left, rows, columns = drawn.hidden
        frame = frame.copy()
        frame[top : top + rows, left : left + columns] = drawn.hides_with
    return frame


def _jittered(frame: Image, drawn: _Drawn) -> Image:
    levels = frame.astype(np.float32) * drawn.gain
    levels = levels.mean() + (levels - levels.mean()) * drawn.contrast
    grey = levels @ np.array([0.299, 0.587, 0.114], np.float32)
    levels = grey[..., None] + (levels - grey[..., None]) * drawn.saturation
    return np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)
