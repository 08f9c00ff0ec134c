"""The attribute-driven network learns who it is, and what each group of its segments says of the person."""

# B clips, A attributes, K identities

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from reid_models.architectures.attributes import SIGMA, AttributeDriven, AttributeFeatures
from reid_models.architectures.heads import linear_head
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.learners.phases import WHOLE, LearnerPhase
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
        disentangles: whether each group of attributes has a segment of its own (F of the paper's ablation); else all
            of them share one, as wide as the segments together.
        sigma: of the weights of frames (T of the ablation); None: all count the same.
    """

    attributes: float = 1.0
    smoothing: float = 0.0
    disentangles: bool = True
    sigma: float | None = SIGMA
    kind: Literal["attributes"] = "attributes"


class AttributeLearner(nn.Module):
    """A network and its classifier: a batch with labels of attributes -> losses by name, to be added up."""

    phases: ClassVar[tuple[LearnerPhase, ...]] = WHOLE

    def __init__(
        self, network: AttributeDriven, identities: int, objective: AttributeObjective, labels: Sequence[str]
    ) -> None:
        """Takes a network.

        Args:
            network: its groups are of those labels, in an order of their own.
            identities: K.
            objective: see there.
            labels: names of the batches' attributes, A.
        """
        super().__init__()
        self.network = network
        self.classifier = linear_head(network.fc1.out_features, identities, std=0.001)
        self.objective = objective
        self._sizes = tuple(len(group.attributes) for group in network.groups)
        self._order = [labels.index(name) for group in network.groups for name in group.attributes]

    def forward(self, batch: Batch, _phase: str = "") -> Mapping[str, Tensor]:
        """Losses by name.

        Raises:
            DatasetError: if the batch's labels are not those of the network's groups.
        """
        features: AttributeFeatures = self.network(batch.own_clips)
        logits_BK = self.classifier(whole(features.embedding))
        losses = {"identity": smoothed_cross_entropy(logits_BK, batch.persons, smoothing=self.objective.smoothing)}
        if self.objective.attributes:
            if batch.attributes.shape[1] != len(self._order):
                raise DatasetError(
                    f"expected a set with {len(self._order)} attributes a tracklet, found {batch.attributes.shape[1]}: "
                    "take a set with labels, or the recipe without attributes"
                )
            labels_BA = batch.attributes[:, self._order]
            bce = known_bce(whole(features.attribute_logits), labels_BA, self._sizes)
            losses["attributes"] = self.objective.attributes * bce
        return losses
