"""From frames side by side to clips with a time axis, and back."""

# B clips, T frames, N = B * T frames, C channels, H x W positions

from torch import Tensor


def frames_to_clips(frames: Tensor, count: int) -> Tensor:
    """(B * T, ...), clip by clip -> (B, T, ...), for T = count frames a clip."""
    clips: Tensor = frames.unflatten(0, (-1, count))
    return clips


def frames_to_volume(maps_NCHW: Tensor, frames: int) -> Tensor:
    """(B * T, C, H, W), clip by clip -> (B, C, T, H, W), for T frames a clip."""
    return frames_to_clips(maps_NCHW, frames).transpose(1, 2)


def volume_to_frames(volume_BCTHW: Tensor) -> Tensor:
    """(B, C, T, H, W) -> (B * T, C, H, W), clip by clip."""
    return volume_BCTHW.transpose(1, 2).flatten(0, 1)
