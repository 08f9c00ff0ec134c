"""Who it is, as a class."""

# B rows, K identities

import torch.nn.functional as F
from torch import Tensor


def smoothed_cross_entropy(logits_BK: Tensor, classes_B: Tensor, *, smoothing: float) -> Tensor:
    """Cross entropy with targets of 1 - smoothing + smoothing / K for the class and smoothing / K for the others."""
    return F.cross_entropy(logits_BK.float(), classes_B, label_smoothing=smoothing)
