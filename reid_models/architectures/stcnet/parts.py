"""A frame in horizontal parts, the upper, the middle and the lower one: rows, masks, windows."""

# N frames, C channels, H x W pixels, P parts

import torch
from torch import Tensor

PARTS = 3


def part_rows(height: int, parts: int = PARTS) -> list[int]:
    """P + 1 numbers: part p has rows [p] to [p + 1], without the last. Parts are equal to within a row.

    Raises:
        ValueError: if there are fewer rows than parts.
    """
    if not 1 <= parts <= height:
        raise ValueError(f"expected at least as many rows as parts, found {height} rows and {parts} parts")
    return [round(part * height / parts) for part in range(parts + 1)]


def window_height(height: int, parts: int = PARTS) -> int:
    """Rows of the windows of `part_windows`: those of the largest part."""
    return -(-height // parts)


def part_masks(is_chosen_NP: Tensor, height: int, width: int) -> Tensor:
    """(N, 1, H, W) float: M of the paper, 1 in the chosen parts and 0 elsewhere.

    Args:
        is_chosen_NP: bool, which parts of each frame.
        height: H.
        width: W.
    """
    rows = part_rows(height, is_chosen_NP.shape[1])
    sizes_P = torch.tensor(rows, device=is_chosen_NP.device).diff()
    is_chosen_NH = is_chosen_NP.repeat_interleave(sizes_P, dim=1, output_size=height)
    return is_chosen_NH.float()[:, None, :, None].expand(-1, 1, height, width)


def part_windows(frames_NCHW: Tensor, chosen_N: Tensor, parts: int = PARTS) -> Tensor:
    """(N, C, h, W): one part of each frame, all windows equally high; one that is a row smaller comes with a neighbour.

    Args:
        frames_NCHW: images or maps.
        chosen_N: int64, which part of each, from 0.
        parts: P.
    """
    height, width = frames_NCHW.shape[2:]
    size = window_height(height, parts)
    starts_P = torch.tensor(part_rows(height, parts)[:-1], device=chosen_N.device).clamp(max=height - size)
    rows_Nh = starts_P[chosen_N].unsqueeze(1) + torch.arange(size, device=chosen_N.device)
    return frames_NCHW.gather(2, rows_Nh[:, None, :, None].expand(-1, frames_NCHW.shape[1], -1, width))
