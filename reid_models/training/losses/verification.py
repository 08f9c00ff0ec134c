"""Whether two snippets show one person."""

# P probes, G galleries

import torch.nn.functional as F
from torch import Tensor

DIFFERENT, SAME = 0, 1
"""Classes of `architectures.csa.PairClassifier`."""


def pair_verification(logits_PG2: Tensor, same_PG: Tensor, counts_PG: Tensor, *, negatives: float) -> Tensor:
    """Weighted cross-entropy over pairs (Chen et al., CVPR 2018, as released): a scalar.

    Pairs of different people are many more than those of one; theirs are weighed down until they weigh `negatives`
    times as much as the others together. The released code draws that many of them instead, which is the same on
    average. Without a pair of one person all weigh the same.

    Args:
        logits_PG2: of `PairClassifier`.
        same_PG: bool, whether it is one person.
        counts_PG: bool, which pairs are looked at; a snippet and itself are none.
        negatives: see above; 3 in the released code.
    """
    loss_PG = F.cross_entropy(logits_PG2.float().flatten(0, 1), same_PG.long().flatten(), reduction="none")
    is_same, is_different = (same_PG & counts_PG).flatten(), (~same_PG & counts_PG).flatten()
    positives = is_same.sum()
    share = (negatives * positives / is_different.sum().clamp(min=1)).clamp(max=1.0)
    weights = is_same.float() + is_different.float() * (share if positives else 1.0)
    return (weights * loss_PG).sum() / weights.sum().clamp(min=1e-12)
