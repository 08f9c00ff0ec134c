"""3-D layers made from 2-D ones, equal to them frame by frame at the start.

A layer inflated with `time_kernel` 1 is its parent run on the frames one by one, which is the faster way to write it:
these are for layers that are to learn over time.
"""

# B clips, C channels, T frames, H x W positions

import torch
from torch import nn


def inflate_conv(parent: nn.Conv2d, *, time_kernel: int, time_dilation: int = 1, time_stride: int = 1) -> nn.Conv3d:
    """A convolution over (B, C, T, H, W) that sees `time_kernel` frames; T / time_stride frames come out.

    The parent's weights are the middle tap and all others are 0, so at the start each frame is what the parent makes of
    it, at the ends of the clip too (the mean over all taps, I3D's way, would be dimmed there by the padding).

    Args:
        parent: the 2-D convolution; its weights are copied.
        time_kernel: an odd number of frames.
        time_dilation: frames from one tap to the next.
        time_stride: frames from one output to the next.

    Raises:
        ValueError: if the number of frames is even, so that no tap is the middle one.
    """
    if time_kernel % 2 == 0:
        raise ValueError(f"expected an odd time_kernel, found {time_kernel}")
    if isinstance(parent.padding, str):
        raise ValueError(f"expected a padding in numbers, found {parent.padding!r}")
    rows, columns = parent.kernel_size
    row_padding, column_padding = parent.padding
    middle = time_kernel // 2
    inflated = nn.Conv3d(
        parent.in_channels,
        parent.out_channels,
        (time_kernel, rows, columns),
        stride=(time_stride, parent.stride[0], parent.stride[1]),
        padding=(middle * time_dilation, row_padding, column_padding),
        dilation=(time_dilation, parent.dilation[0], parent.dilation[1]),
        groups=parent.groups,
        bias=parent.bias is not None,
    )
    with torch.no_grad():
        inflated.weight.zero_()
        inflated.weight[:, :, middle] = parent.weight
        if inflated.bias is not None and parent.bias is not None:
            inflated.bias.copy_(parent.bias)
    return inflated


def inflate_norm(parent: nn.BatchNorm2d) -> nn.BatchNorm3d:
    """Batch norm over (B, C, T, H, W) with the parent's weights and statistics."""
    inflated = nn.BatchNorm3d(parent.num_features, eps=parent.eps, momentum=parent.momentum, affine=parent.affine)
    inflated.load_state_dict(parent.state_dict())
    return inflated
