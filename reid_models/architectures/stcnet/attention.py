"""STCnet's temporal attention: a frame's map, made of pieces of a neighbour's map."""

# N frames, C channels, H x W positions, P = H * W patches, K = 9 * C numbers in a patch

import torch
import torch.nn.functional as F
from torch import Tensor

PATCH = 3
SHARPNESS = 10.0


def temporal_attention(current_NCHW: Tensor, neighbour_NCHW: Tensor, *, sharpness: float = SHARPNESS) -> Tensor:
    """Each 3x3 patch of the current map becomes a mean of the neighbour's patches: (N, C, H, W) -> the same shape.

    s = cosine of two patches; softmax over all patches of the neighbour; weighted sum of them. One fused attention.

    Ours: patches that overlap are averaged where they do, and at its border a map is continued by its last row or
    column, so that no patch holds zeros that are in no image. The softmax is sharpened: as printed (sharpness 1), one
    patch that is the same (cosine 1) among 511 that are at right angles to it (cosine 0) would get a weight of e / (e +
    511) = 0.5 % and everything come out as the mean of the map. With 10, which Yu et al. ("Generative Image Inpainting
    with Contextual Attention", CVPR 2018) take, it gets 98 %.

    Args:
        current_NCHW: features of the frames to complete.
        neighbour_NCHW: features of a frame before or after each.
        sharpness: factor on the cosines.
    """
    current_NPK, neighbour_NPK = _patches(current_NCHW), _patches(neighbour_NCHW)
    mixed_N1PK = F.scaled_dot_product_attention(
        F.normalize(current_NPK, dim=2).unsqueeze(1),
        F.normalize(neighbour_NPK, dim=2).unsqueeze(1),
        neighbour_NPK.unsqueeze(1),
        scale=sharpness,
    )
    return _joined(mixed_N1PK.squeeze(1), current_NCHW)


def _patches(maps_NCHW: Tensor) -> Tensor:
    """(N, P, K), one patch around each position."""
    border = PATCH // 2
    return F.unfold(F.pad(maps_NCHW, [border] * 4, mode="replicate"), PATCH).transpose(1, 2)


def _joined(patches_NPK: Tensor, like_NCHW: Tensor) -> Tensor:
    """(N, C, H, W): each position's mean over the patches that lie over it."""
    size = like_NCHW.shape[2:]
    sums_NCHW = F.fold(patches_NPK.transpose(1, 2), size, PATCH, padding=PATCH // 2)
    ones = torch.ones(1, PATCH * PATCH, size.numel(), dtype=like_NCHW.dtype, device=like_NCHW.device)
    return sums_NCHW / F.fold(ones, size, PATCH, padding=PATCH // 2)
