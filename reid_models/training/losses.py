"""What training brings down."""

# B rows, D embedding

import torch
import torch.nn.functional as F
from torch import Tensor


def batch_hard_triplet(embeddings_BD: Tensor, persons_B: Tensor, *, margin: float) -> Tensor:
    """Mean over the rows of max(0, margin + distance to the farthest of its person - distance to the nearest other).

    Hermans, Beyer and Leibe, "In Defense of the Triplet Loss", 2017, equation 5. Distances are Euclidean; a row without
    a second of its person, or without another person, is left out.

    Args:
        embeddings_BD: not brought to length 1.
        persons_B: who each row is.
        margin: by how much the nearest other must be farther away.
    """
    distance_BB = _distances(embeddings_BD)
    same_BB = persons_B[:, None] == persons_B[None, :]
    farthest_B = distance_BB.masked_fill(~same_BB, 0.0).amax(dim=1)
    nearest_B = distance_BB.masked_fill(same_BB, torch.inf).amin(dim=1)
    counts_B = (same_BB.sum(dim=1) > 1) & ~same_BB.all(dim=1)
    hinge_B = F.relu(margin + farthest_B - nearest_B)[counts_B]
    return hinge_B.sum() / max(1, len(hinge_B))


def smoothed_cross_entropy(logits_BK: Tensor, classes_B: Tensor, *, smoothing: float) -> Tensor:
    """Cross entropy with targets of 1 - smoothing + smoothing / K for the class and smoothing / K for the others."""
    return F.cross_entropy(logits_BK, classes_B, label_smoothing=smoothing)


def _distances(rows_BD: Tensor) -> Tensor:
    """(B, B) Euclidean; never quite 0, where the root has no slope."""
    squares_B = rows_BD.square().sum(dim=1)
    squared_BB = squares_B[:, None] + squares_B[None, :] - 2 * rows_BD @ rows_BD.T
    return squared_BB.clamp(min=1e-12).sqrt()
