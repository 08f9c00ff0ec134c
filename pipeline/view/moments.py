"""The moments of a track: crops of one of its tracklets side by side in one JPEG, in order of time; and, over them,
where a network looks.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.records import Image
from reid_models.attention import AttentionReader
from reid_models.clips import spread
from reid_models.crops import resize

MOMENTS = 6
WIDTH, HEIGHT = 64, 128
"""Of each, pixels: that of the crops that most networks take, or half of it."""
QUALITY = 80
SHOWS_THROUGH = 0.55
"""The share of the image where colours say how much is looked at."""


def moments_of(crops: NDArray[np.uint8]) -> bytes:
    """JPEG of a tracklet's crops, (T, H, W, 3) uint8 RGB, spread over it."""
    chosen = spread(len(crops), min(MOMENTS, len(crops)))
    return _side_by_side(resize(crops[chosen], height=HEIGHT, width=WIDTH))


def with_attention(moments: bytes, reader: AttentionReader, name: str) -> bytes:
    """JPEG of moments as a network takes them, with what it looks at in them: blue where least, red where most.

    Raises:
        ValueError: if `moments` is none of ours.
    """
    clip = reader.clip
    crops = _apart(moments)
    frames = resize(crops[spread(len(crops), clip.frames)], height=clip.height, width=clip.width)
    shown = resize(frames, height=HEIGHT, width=WIDTH)
    return _side_by_side(np.stack([_blend(*pair) for pair in zip(shown, reader.look(frames, name), strict=True)]))


def _blend(image: Image, map_hw: NDArray[np.float32]) -> Image:
    large = cv2.resize(map_hw, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap((255 * large.clip(0, 1)).astype(np.uint8), cv2.COLORMAP_JET)[..., ::-1]
    mixed = cv2.addWeighted(image, SHOWS_THROUGH, np.ascontiguousarray(colours), 1 - SHOWS_THROUGH, 0)
    return mixed.astype(np.uint8, copy=False)


def _side_by_side(crops: NDArray[np.uint8]) -> bytes:
    whole = np.concatenate(list(crops), axis=1)
    _, jpeg = cv2.imencode(".jpg", whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return jpeg.tobytes()


def _apart(moments: bytes) -> NDArray[np.uint8]:
    """(N, HEIGHT, WIDTH, 3) uint8 RGB."""
    whole = cv2.imdecode(np.frombuffer(moments, np.uint8), cv2.IMREAD_COLOR)
    if whole is None or whole.shape[0] != HEIGHT or whole.shape[1] % WIDTH:
        raise ValueError(f"expected crops of {WIDTH}x{HEIGHT} side by side, found another thing")
    crops = whole[..., ::-1].reshape(HEIGHT, -1, WIDTH, 3).swapaxes(0, 1)
    return np.ascontiguousarray(crops, np.uint8)
