"""Which cells answer for which people (SimOTA: Ge et al., "YOLOX", arXiv 2107.08430, section 2)."""

# A cells, G people

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from detectors.training.cells import Cells, pairwise_iou

CENTRE_CELLS = 2.5
"""Only cells whose centre is within so many strides of a person's centre may answer for them."""
BEST = 10
"""A person gets as many cells as the IoUs of their best ones add up to."""
IOU_WEIGHT = 3.0
FAR = 1e5


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """The cells that answer, of one image.

    Attributes:
        cells: (P,) int64, which.
        people: (P,) int64, for whom.
        iou: (P,) float32, of what the cell says with the person's box.
    """

    cells: Tensor
    people: Tensor
    iou: Tensor


@torch.no_grad()
def assign(boxes_A4: Tensor, logits_A2: Tensor, people_G4: Tensor, found: Cells) -> Assigned:
    """The cheapest cells for each person, by what they say now; a cell that two want goes to the cheaper.

    Args:
        boxes_A4: what the cells say, xyxy pixels.
        logits_A2: objectness and person.
        people_G4: true boxes, xyxy pixels.
        found: the cells.
    """
    if not len(people_G4):
        nothing = torch.zeros(0, dtype=torch.int64)
        return Assigned(nothing, nothing, torch.zeros(0))
    near_AG = _near(people_G4, found)
    rows_R = near_AG.any(dim=1).nonzero().squeeze(1)
    iou_RG = pairwise_iou(boxes_A4[rows_R], people_G4)
    score_R = logits_A2[rows_R].float().sigmoid().prod(dim=1).sqrt()
    score_cost_R = F.binary_cross_entropy(score_R, torch.ones_like(score_R), reduction="none")
    cost_RG = score_cost_R[:, None] - IOU_WEIGHT * (iou_RG + 1e-8).log() + FAR * ~near_AG[rows_R]
    chosen_RG = _cheapest(cost_RG, iou_RG) & near_AG[rows_R]
    row_P, person_P = chosen_RG.nonzero(as_tuple=True)
    return Assigned(rows_R[row_P], person_P, iou_RG[row_P, person_P])


def _near(people_G4: Tensor, found: Cells) -> Tensor:
    """(A, G) whether a cell's centre is near the centre of a person, and within the person's box if that is small."""
    centres_G2 = (people_G4[:, :2] + people_G4[:, 2:]) / 2
    halves_G2 = (people_G4[:, 2:] - people_G4[:, :2]) / 2
    away_AG2 = (found.centres[:, None] - centres_G2[None]).abs()
    reach_A12 = (CENTRE_CELLS * found.strides)[:, None]
    is_close = (away_AG2 <= reach_A12).all(dim=2)
    is_inside_or_next = (away_AG2 <= torch.maximum(halves_G2[None], found.strides[:, None])).all(dim=2)
    return is_close & is_inside_or_next


def _cheapest(cost_RG: Tensor, iou_RG: Tensor) -> Tensor:
    """(R, G) bool: each person's cheapest cells, as many as the sum of the best IoUs; a cell answers for one person."""
    counts_G = iou_RG.topk(min(BEST, len(iou_RG)), dim=0).values.sum(dim=0).int().clamp(min=1)
    rank_RG = cost_RG.argsort(dim=0, stable=True).argsort(dim=0, stable=True)
    chosen_RG = rank_RG < counts_G
    cheapest_R = cost_RG.masked_fill(~chosen_RG, torch.inf).argmin(dim=1)
    mine_RG = F.one_hot(cheapest_R, cost_RG.shape[1]).bool()
    return chosen_RG & mine_RG
