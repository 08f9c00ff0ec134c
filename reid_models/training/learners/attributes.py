"""The attribute-driven network learns who it is, and what each group of its segments says of the person."""

# B clips, A attributes, K identities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from reid_models.architectures.attributes import AttributeDriven, AttributeFeatures
from reid_models.architectures.heads import linear_head
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.losses.attributes import known_bce
from reid_models.training.losses.identity import smoothed_cross_entropy
from reid_models.training.tracklets import DatasetError


@dataclass(frozen=True, slots=True)
class AttributeObjective:
    """Zhao et al., CVPR 2019: softmax over the identities and binary cross entropy of the six groups.

    Attributes:
        attributes: weight of the attributes beside the identity; the paper does not say, 1 is the sum; 0 is its row
            A, without them.
        smoothing: of the identities; the paper has none.
    """

    attributes: float = 1.0
    smoothing: float = 0.0
    kind: Literal["attributes"] = "attributes"


class AttributeLearner(nn.Module):
    """A network and its classifier: a batch with labels of attributes -> losses by name, to be added up."""

    def __init__(self, network: AttributeDriven, identities: int, objective: AttributeObjective) -> None:
        super().__init__()
        self.network = network
        self.classifier = linear_head(network.fc1.out_features, identities, std=0.001)
        self.objective = objective
        self._sizes = tuple(len(group.attributes) for group in network.groups)

    def forward(self, batch: Batch) -> Mapping[str, Tensor]:
        """Losses by name.

        Raises:
            DatasetError: if the batch's labels are not those of the network's groups.
        """
        features: AttributeFeatures = self.network(batch.own_clips)
        logits_BK = self.classifier(whole(features.embedding))
        losses = {"identity": smoothed_cross_entropy(logits_BK, batch.persons, smoothing=self.objective.smoothing)}
        if self.objective.attributes:
            if batch.attributes.shape[1] != sum(self._sizes):
                raise DatasetError(
                    f"expected a set with {sum(self._sizes)} attributes a tracklet, found {batch.attributes.shape[1]}: "
                    "take a set with labels, or the recipe without attributes"
                )
            bce = known_bce(whole(features.attribute_logits), batch.attributes, self._sizes)
            losses["attributes"] = self.objective.attributes * bce
        return losses
