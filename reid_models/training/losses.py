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


def supervised_contrast(embeddings_BD: Tensor, persons_B: Tensor, *, temperature: float) -> Tensor:
    """How little of a row's similarity, as a softmax over all others, falls on those of its person.

    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020, equation 2: mean over the rows of the mean over the
    others of the same person of -log softmax of the cosine. All pairs of the batch teach at once, from the first step,
    where the hardest alone would draw all embeddings together. A row without a second of its person is left out.

    Args:
        embeddings_BD: brought to length 1 here.
        persons_B: who each row is.
        temperature: smaller ones look at the nearest only.
    """
    units_BD = F.normalize(embeddings_BD, dim=1)
    is_self_BB = torch.eye(len(persons_B), dtype=torch.bool)
    logits_BB = (units_BD @ units_BD.T / temperature).masked_fill(is_self_BB, -torch.inf)
    same_BB = (persons_B[:, None] == persons_B[None, :]) & ~is_self_BB
    log_share_BB = logits_BB.log_softmax(dim=1).masked_fill(~same_BB, 0.0)
    counts_B = same_BB.sum(dim=1)
    mean_B = -log_share_BB.sum(dim=1) / counts_B.clamp(min=1)
    return mean_B.sum() / (counts_B > 0).sum().clamp(min=1)


def smoothed_cross_entropy(logits_BK: Tensor, classes_B: Tensor, *, smoothing: float) -> Tensor:
    """Cross entropy with targets of 1 - smoothing + smoothing / K for the class and smoothing / K for the others."""
    return F.cross_entropy(logits_BK, classes_B, label_smoothing=smoothing)


def _distances(rows_BD: Tensor) -> Tensor:
    """(B, B) Euclidean; never quite 0, where the root has no slope."""
    squares_B = rows_BD.square().sum(dim=1)
    squared_BB = squares_B[:, None] + squares_B[None, :] - 2 * rows_BD @ rows_BD.T
    return squared_BB.clamp(min=1e-12).sqrt()
