"""An encoder without weights: which colours a person wears, from head to foot.

It is weak. It tells people apart by their clothes alone: two in dark coats are one to it, a bag carried on the other
side or a lamp of another colour may be enough to lose somebody. It is for a first run without a download and for tests;
`docs/results.md` has its figures beside those of networks.

What it does, each step because it found more on the half of `mars_query_half` that the choices were made on:
light that changes slowly over the image, and each clip's mean colour, are divided out (a single-scale retinex:
Jobson, Rahman and Woodell, IEEE TIP 1997); pixels near the upright axis count most, as the background lies to the
sides; colours in CIELAB are counted in overlapping stripes, each pixel shared between neighbouring bins, and counts
are compared by their square roots (the Hellinger kernel), so that large areas of one colour do not drown the rest.
Texture (ternary patterns, gradients) was tried beside colour and added nothing there, so it is left out.
"""

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from reid_models.clips import USUAL_FRAMES
from reid_models.encoder import EncoderCard
from reid_models.vectors import check_clips, unit_rows
from reid_runtime.card import ClipSpec, LikenessCurve

DEFINITION = 1  # raise with any change of the vectors: those of two definitions never compare
SUGGESTED_THRESHOLD = 0.77  # 3 in 100 different people of `mars_query_half` are more similar
LIKENESS = LikenessCurve(slope=14.2, even=0.702)  # on CUHK01: benchmarks.accuracy.thresholds
HEIGHT_PX, WIDTH_PX = 128, 64
STRIPES = 8
LIGHTNESS_BINS, COLOUR_BINS = 6, 8
BINS = LIGHTNESS_BINS * COLOUR_BINS * COLOUR_BINS
LIGHT_SIGMA_PX = 40.0  # what changes more slowly than this is light, not clothes
LIGHT_SHRINK = 4  # so slow a change is seen as well in a small image, four times as fast
LOG_LEVELS = np.log1p(np.arange(256, dtype=np.float32))
AXIS_SIGMA = 0.3  # of the weight across the image, in half widths
MEAN_LEVEL, LEVEL_SPREAD = 120.0, 50.0  # levels of the normalised image, of 255
STRONG_COLOUR = 50.0  # a* or b* at the end of the scale; few clothes have more


class ColourStripesEncoder:
    """Colours in body stripes, added up over the clip. Weak: see the head of this file."""

    def __init__(self, *, frames: int = USUAL_FRAMES) -> None:
        self._card = stripes_card(frames=frames)

    @property
    def clip(self) -> ClipSpec:
        """See `Encoder.clip`."""
        return self._card.clip

    @property
    def model_id(self) -> str:
        """See `Encoder.model_id`."""
        return self._card.model_id

    def encode(self, clips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        check_clips(clips, self._card.clip)
        return unit_rows(np.stack([_describe(clip) for clip in clips]))


def stripes_card(*, frames: int = USUAL_FRAMES) -> EncoderCard:
    """What a network would have on its card."""
    clip = ClipSpec(frames, HEIGHT_PX, WIDTH_PX)
    return EncoderCard(f"stripes@{DEFINITION}", clip, STRIPES * BINS, SUGGESTED_THRESHOLD, likeness=LIKENESS)


def _describe(clip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(D,): square roots of each stripe's shares of colour."""
    counts = _stripe_weights() @ _row_counts(_lab(_without_light(clip)))
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(np.sqrt(shares).ravel(), np.float32)


def _without_light(clip: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(T, H, W, 3) levels 0-255 with the slow changes of light and the clip's mean colour divided out."""
    levels = LOG_LEVELS[clip]
    for frame in levels:
        frame -= _light(frame)
    levels -= levels.mean(axis=(0, 1, 2))
    spread = max(float(levels.std()), 1e-6)  # a clip of one colour has none
    return np.clip(levels * (LEVEL_SPREAD / spread) + MEAN_LEVEL, 0, 255)


def _light(frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3): what changes slowly over a frame of log levels."""
    small = cv2.resize(frame, (WIDTH_PX // LIGHT_SHRINK, HEIGHT_PX // LIGHT_SHRINK), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), LIGHT_SIGMA_PX / LIGHT_SHRINK)
    return np.asarray(cv2.resize(blurred, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.float32)


def _lab(clip: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, H, W, 3) levels -> CIELAB in [0, 1], colours stretched about grey, where most clothes lie."""
    tall = clip.reshape(-1, WIDTH_PX, 3) / np.float32(255)
    lab = np.asarray(cv2.cvtColor(tall, cv2.COLOR_RGB2Lab), np.float32).reshape(clip.shape)
    colour = lab[..., 1:]
    stretched = np.sign(colour) * np.sqrt(np.abs(colour) / STRONG_COLOUR)
    return np.concatenate([lab[..., :1] / 100, (stretched + 1) / 2], axis=3)


def _row_counts(lab: NDArray[np.float32]) -> NDArray[np.float64]:
    """(H, bins): how much of each colour is in each row of pixels, over all frames; a pixel shares between 8 bins."""
    sizes = (LIGHTNESS_BINS, COLOUR_BINS, COLOUR_BINS)
    low, share = zip(*(_neighbours(lab[..., axis], size) for axis, size in enumerate(sizes)), strict=True)
    row_start = np.arange(HEIGHT_PX, dtype=np.int32)[:, None] * BINS
    counts = np.zeros(HEIGHT_PX * BINS)
    for upper in itertools.product((0, 1), repeat=3):
        bins = ((low[0] + upper[0]) * COLOUR_BINS + low[1] + upper[1]) * COLOUR_BINS + low[2] + upper[2]
        weights = _axis_weights()
        for axis, is_upper in enumerate(upper):
            weights = weights * (share[axis] if is_upper else 1 - share[axis])
        counts += np.bincount((bins + row_start).ravel(), weights.ravel(), len(counts))
    return counts.reshape(HEIGHT_PX, BINS)


def _neighbours(values: NDArray[np.float32], bins: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Of values in [0, 1]: the bin whose centre lies below, and how far on the way to the next one, in [0, 1]."""
    place = np.clip(values * bins - 0.5, 0, bins - 1)
    low = np.minimum(place.astype(np.int32), bins - 2)
    return low, place - low


def _axis_weights() -> NDArray[np.float32]:
    """(W,): 1 on the upright axis, falling to the sides."""
    x = (np.arange(WIDTH_PX, dtype=np.float32) + 0.5) / WIDTH_PX * 2 - 1
    return np.exp(-(x**2) / (2 * AXIS_SIGMA**2))


def _stripe_weights() -> NDArray[np.float64]:
    """(stripes, H): 1 in the middle of a stripe, 0 in the middles of its neighbours."""
    y = np.arange(HEIGHT_PX) + 0.5
    height = HEIGHT_PX / STRIPES
    middles = (np.arange(STRIPES) + 0.5) * height
    return np.maximum(0.0, 1 - np.abs(y - middles[:, None]) / height)
