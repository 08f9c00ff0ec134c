"""Clips whose last frames are padding: shorter ones, filled up so that they fit into a batch with longer ones.

`present_BT`, bool, is true for frames that are part of the clip, which come first; at least one is. A network that
takes it yields for a padded clip what it yields for the clip alone, whatever the padding looks like. Batch norms in
training mode would still count the padding, so it is for evaluation and serving. None says that all frames are present.
"""

# B clips, T frames

import torch
from torch import Tensor


def mean_over_frames(values: Tensor, present_BT: Tensor | None) -> Tensor:
    """(B, T, ...) -> (B, ...), the mean over the frames that are present."""
    if present_BT is None:
        return values.mean(dim=1)
    return without_padding(values, present_BT).sum(dim=1) / _beside(present_BT, values).to(values.dtype).sum(dim=1)


def softmax_over_frames(logits: Tensor, present_BT: Tensor | None) -> Tensor:
    """(B, T, ...) -> the same shape, sums to 1 over the frames, and 0 for padding."""
    if present_BT is None:
        return logits.softmax(dim=1)
    return torch.where(_beside(present_BT, logits), logits, -torch.inf).softmax(dim=1)


def without_padding(values: Tensor, present_BT: Tensor | None) -> Tensor:
    """(B, T, ...) with 0 for padding, which is what stands beyond the ends of a clip."""
    if present_BT is None:
        return values
    return torch.where(_beside(present_BT, values), values, 0.0)


def _beside(present_BT: Tensor, values: Tensor) -> Tensor:
    """(B, T) -> (B, T, 1, ...), with as many axes as the values have."""
    return present_BT.reshape(*present_BT.shape, *(1,) * (values.ndim - 2))
