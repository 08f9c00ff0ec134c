"""What a detector's training brings down: boxes, objectness, and how well the box fits as the score of its class."""

# B images, A cells, P cells that answer

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detectors.training.assign import Assigned, assign
from detectors.training.cells import Cells, cells, decode, paired_iou

BOX_WEIGHT = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The people of one image.

    Attributes:
        people: (G, 4) float32 xyxy pixels.
        unclear: (U, 4) float32 xyxy pixels: people of whom too little is seen; finding them is neither right nor wrong.
    """

    people: Tensor
    unclear: Tensor


class DetectorLearner(nn.Module):
    """A detector's network and its losses: 1 - IoU^2 of boxes, binary cross entropies of the scores (YOLOX)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images_BCHW: Tensor, targets: Sequence[Target]) -> Mapping[str, Tensor]:
        """Losses by name, per cell that answers, to be added up."""
        rows_BA6: Tensor = self.network(images_BCHW)
        found = cells(*images_BCHW.shape[2:])
        boxes_BA4 = decode(rows_BA6[..., :4], found)
        per_image = [
            _losses(boxes_A4, logits_A2, target, found)
            for boxes_A4, logits_A2, target in zip(boxes_BA4, rows_BA6[..., 4:], targets, strict=True)
        ]
        answering = max(1, sum(losses.answering for losses in per_image))
        return {
            "box": BOX_WEIGHT * torch.stack([losses.box for losses in per_image]).sum() / answering,
            "objectness": torch.stack([losses.objectness for losses in per_image]).sum() / answering,
            "person": torch.stack([losses.person for losses in per_image]).sum() / answering,
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    box: Tensor
    objectness: Tensor
    person: Tensor
    answering: int


def _losses(boxes_A4: Tensor, logits_A2: Tensor, target: Target, found: Cells) -> _Sums:
    assigned = assign(boxes_A4, logits_A2, target.people, found)
    iou_P = paired_iou(boxes_A4[assigned.cells], target.people[assigned.people])
    wanted_A = torch.zeros(len(boxes_A4)).index_fill(0, assigned.cells, 1.0)
    objectness_A = F.binary_cross_entropy_with_logits(logits_A2[:, 0], wanted_A, reduction="none")
    person_P = F.binary_cross_entropy_with_logits(logits_A2[assigned.cells, 1], assigned.iou, reduction="none")
    return _Sums(
        box=(1 - iou_P.square()).sum(),
        objectness=(objectness_A * ~_is_unclear(target.unclear, assigned, found)).sum(),
        person=person_P.sum(),
        answering=len(assigned.cells),
    )


def _is_unclear(unclear_U4: Tensor, assigned: Assigned, found: Cells) -> Tensor:
    """(A,) bool: cells within somebody who is hardly seen, that answer for nobody else."""
    centres_A12 = found.centres[:, None]
    inside_A = ((centres_A12 > unclear_U4[None, :, :2]) & (centres_A12 < unclear_U4[None, :, 2:])).all(dim=2).any(dim=1)
    return inside_A.index_fill(0, assigned.cells, False)
