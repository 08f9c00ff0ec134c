"""What a person has on, as answers of yes and no."""

# B rows, A attributes

import torch
import torch.nn.functional as F
from torch import Tensor


def known_bce(logits_BA: Tensor, labels_BA: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Binary cross entropy of each group of attributes, added up (Zhao et al., CVPR 2019); labels of NaN are left out.

    Args:
        logits_BA: of the clip.
        labels_BA: 0 or 1, NaN where nobody knows.
        sizes: of the groups, one after the other; they add up to A.
    """
    is_known = ~labels_BA.isnan()
    loss_BA = F.binary_cross_entropy_with_logits(logits_BA.float(), labels_BA.nan_to_num(), reduction="none")
    sums = (loss_BA * is_known).split(sizes, dim=1)
    counts = is_known.split(sizes, dim=1)
    means = [group.sum() / count.sum().clamp(min=1) for group, count in zip(sums, counts, strict=True)]
    return torch.stack(means).sum()
