"""From a set whose people have attributes to one whose people have none: Zhao et al., CVPR 2019, section 4.2."""

# B clips, A attributes, N images with labels and M without, F width of a feature

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.attribute_transfer import (
    SIGMA,
    AttributeTransfer,
    PredictedAttributes,
    squared_mmd,
    weighted_bce,
)
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.learners.phases import WHOLE, LearnerPhase
from reid_models.training.tracklets import DatasetError

UNREACHED = -1e4
"""A logit of which the answer no is as sure as numbers go."""


@dataclass(frozen=True, slots=True)
class TransferObjective:
    """WBCE on the images with labels, and MMD between the features of those and of the others.

    Attributes:
        mmd: weight of MMD; the paper does not weigh it, 0 leaves it away (its rows BCE and WBCE).
        is_weighted: whether the rarer answer weighs more; else plain BCE (its rows BCE and BCE+MMD).
        sigma: of the weights.
    """

    mmd: float = 1.0
    is_weighted: bool = True
    sigma: float = SIGMA
    kind: Literal["attribute_transfer"] = "attribute_transfer"


class TransferLearner(nn.Module):
    """A network of attributes: a batch of both sets -> losses by name. Images without any label are the target's."""

    positive_rates: Tensor
    phases: ClassVar[tuple[LearnerPhase, ...]] = WHOLE

    def __init__(self, network: AttributeTransfer, positive_rates_A: Tensor, objective: TransferObjective) -> None:
        """Takes a network, and the share of the labelled that have each attribute."""
        super().__init__()
        self.network = network
        self.objective = objective
        self.register_buffer("positive_rates", positive_rates_A)

    def forward(self, batch: Batch, _phase: str = "") -> Mapping[str, Tensor]:
        """Losses by name.

        Raises:
            DatasetError: if the batch has no attributes.
        """
        found: PredictedAttributes = self.network(batch.own_clips)
        logits_BA, features_BF = whole(found.logits).mean(dim=1), whole(found.features).mean(dim=1)
        is_known_BA = ~batch.attributes.isnan()
        is_source_B = is_known_BA.any(dim=1)
        if not is_source_B.any():
            raise DatasetError("expected tracklets with attributes in each batch, found none: give a set with labels")
        losses = {"attributes": self._attributes(logits_BA, batch.attributes, is_known_BA)}
        if self.objective.mmd and not is_source_B.all():
            losses["mmd"] = self.objective.mmd * squared_mmd(features_BF[is_source_B], features_BF[~is_source_B])
        return losses

    def _attributes(self, logits_BA: Tensor, labels_BA: Tensor, is_known_BA: Tensor) -> Tensor:
        """An answer that nobody knows counts as given rightly: its logit is out of reach of the loss."""
        known_BA = torch.where(is_known_BA, labels_BA, 0.0)
        logits_BA = torch.where(is_known_BA, logits_BA.float(), UNREACHED)
        share = is_known_BA.numel() / is_known_BA.sum().clamp(min=1)
        if not self.objective.is_weighted:
            return share * F.binary_cross_entropy_with_logits(logits_BA, known_BA)
        return share * weighted_bce(logits_BA, known_BA, self.positive_rates, sigma=self.objective.sigma)
