"""Triplets: a row nearer to those of its person than to anybody else's."""

# A anchors, B candidates, D embedding

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Distance = Literal["euclidean", "cosine"]


def batch_hard_triplet(
    anchors_AD: Tensor,
    persons_A: Tensor,
    *,
    margin: float,
    distance: Distance = "euclidean",
    among: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Mean over the anchors of max(0, margin + distance to the farthest of its person - distance to the nearest other).

    Hermans, Beyer and Leibe, "In Defense of the Triplet Loss", 2017, equation 5. An anchor without a second row of its
    person, or without another person, is left out. TKP compares one network's rows with another's (section 3.3).

    Args:
        anchors_AD: not brought to length 1.
        persons_A: who each anchor is.
        margin: by how much the nearest other must be farther away.
        distance: Euclidean, or minus the cosine (AP3D).
        among: candidates (B, D) and who they are (B,); None: the anchors themselves.
    """
    is_one_set = among is None
    candidates_BD, persons_B = (anchors_AD, persons_A) if among is None else among
    distance_AB = pairwise_distances(anchors_AD, candidates_BD, distance)
    same_AB = persons_A[:, None] == persons_B[None, :]
    farthest_A = distance_AB.masked_fill(~same_AB, -torch.inf).amax(dim=1)
    nearest_A = distance_AB.masked_fill(same_AB, torch.inf).amin(dim=1)
    counts_A = (same_AB.sum(dim=1) > int(is_one_set)) & ~same_AB.all(dim=1)
    hinge_A = F.relu(margin + farthest_A - nearest_A)[counts_A]
    return hinge_A.sum() / max(1, len(hinge_A))


def pairwise_distances(rows_AD: Tensor, others_BD: Tensor, distance: Distance) -> Tensor:
    """(A, B): Euclidean, never quite 0, where the root has no slope; or minus the cosine."""
    rows_AD, others_BD = rows_AD.float(), others_BD.float()
    if distance == "cosine":
        return -F.normalize(rows_AD, dim=1) @ F.normalize(others_BD, dim=1).T
    squares = rows_AD.square().sum(dim=1)[:, None] + others_BD.square().sum(dim=1)[None, :]
    squared_AB = squares - 2 * rows_AD @ others_BD.T
    return squared_AB.clamp(min=1e-12).sqrt()
