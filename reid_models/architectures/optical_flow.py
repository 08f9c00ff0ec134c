"""How each pixel of a clip moves on to the next frame, by OpenCV: what CSA looks at beside the colours."""

# B clips, T frames, H x W pixels

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

REACH = 20.0
"""Pixels of motion that are 1; what moves further counts as 1, as in flow images of a byte."""


def optical_flow(clips_BTCHW: Tensor) -> Tensor:
    """(B, T, 2, H, W) float32 in [-1, 1], motion in x and y to the next frame; the last frame's is the one before.

    By dense inverse search (Kroeger et al., ECCV 2016). Ours: the authors took TV-L1, which is a hundred times slower.
    A clip of one frame does not move.

    Args:
        clips_BTCHW: (B, T, 3, H, W), uint8 or float in [0, 1].
    """
    levels = clips_BTCHW if not clips_BTCHW.is_floating_point() else (clips_BTCHW * 255).round().to(torch.uint8)
    pixels = levels.permute(0, 1, 3, 4, 2).contiguous().cpu().numpy()
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flows = np.stack([_of_clip(clip, search) for clip in pixels])
    return torch.from_numpy(flows).permute(0, 1, 4, 2, 3).to(clips_BTCHW.device)


def _of_clip(clip: NDArray[np.uint8], search: cv2.DISOpticalFlow) -> NDArray[np.float32]:
    """(T, H, W, 2)."""
    flow = np.zeros((*clip.shape[:3], 2), np.float32)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip]
    for index in range(len(clip) - 1):
        moved = search.calc(grey[index], grey[index + 1], np.zeros((*clip.shape[1:3], 2), np.float32))
        flow[index] = np.clip(np.asarray(moved) / REACH, -1, 1)
    if len(clip) > 1:
        flow[-1] = flow[-2]
    return flow
