"""What a network may be given: clips of the right shape, with pixels that are pixels."""

# B clips, T frames, N frames side by side, C channels, H x W pixels

import torch
from torch import Tensor

SLACK = 0.01
"""By how much floats may leave [0, 1]: interpolation overshoots a little."""


def check_clips(clips_BTCHW: Tensor) -> None:
    """Checks kind, shape and range of clips.

    Raises:
        TypeError: if they are no tensor.
        ValueError: if they are not (B, T, 3, H, W) with T > 0, or their floats are not in [0, 1].
    """
    if not isinstance(clips_BTCHW, Tensor):
        raise TypeError(
            f"expected clips as a torch.Tensor, found {type(clips_BTCHW).__name__}; torch.from_numpy makes one"
        )
    if clips_BTCHW.ndim != 5 or clips_BTCHW.shape[2] != 3 or not clips_BTCHW.shape[1]:
        raise ValueError(f"expected clips (B, T, 3, H, W) with T > 0, found {tuple(clips_BTCHW.shape)}")
    check_pixels(clips_BTCHW)


def check_pixels(images: Tensor) -> None:
    """Checks that floats are fractions: bytes as floats, normalised pixels or NaN would give vectors that look good.

    Bytes are always right. Where a network is being exported or compiled, or is a mere outline, nothing is known of
    values, and nothing checked.

    Raises:
        ValueError: if a float is not in [0, 1].
    """
    if not images.is_floating_point() or not images.numel():
        return
    if images.is_meta or torch.compiler.is_compiling():
        return
    lowest, highest = (float(value) for value in images.detach().aminmax())
    # NaN compares with nothing.
    if not (lowest >= -SLACK and highest <= 1 + SLACK):
        raise ValueError(
            f"expected uint8, or floats in [0, 1], found floats from {lowest:.3g} to {highest:.3g}: divide bytes by "
            "255, and leave mean and standard deviation to the network"
        )


def check_sides(images: Tensor, least_px: int) -> None:
    """Checks that frames (..., H, W) are large enough for what looks at them.

    Raises:
        ValueError: if a side is shorter than `least_px`.
    """
    height, width = images.shape[-2:]
    if min(height, width) < least_px:
        raise ValueError(f"expected frames of at least {least_px} x {least_px} pixels, found {height} x {width}")
