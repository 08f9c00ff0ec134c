"""A network with all that training puts on top of it."""

# B clips, D embedding, K identities

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from reid_models.architectures.compact import Compact, CompactFeatures
from reid_models.architectures.heads import linear_head
from reid_models.training.losses import batch_hard_triplet, smoothed_cross_entropy


@dataclass(frozen=True, slots=True)
class ObjectiveParams:
    """
    Attributes:
        margin: of the triplets.
        smoothing: of the labels, over all identities.
        triplet: weight of the triplet loss beside the cross entropy.
    """

    margin: float = 0.3
    smoothing: float = 0.1
    triplet: float = 1.0


class NeckLearner(nn.Module):
    """Cross entropy after the neck, triplets before it (Luo et al., "Bag of Tricks", CVPRW 2019)."""

    def __init__(self, network: Compact, identities: int, params: ObjectiveParams) -> None:
        super().__init__()
        self.network = network
        self.classifier = linear_head(network.neck.num_features, identities, std=0.001)
        self._params = params

    def forward(self, clips_BTCHW: Tensor, persons_B: Tensor) -> Mapping[str, Tensor]:
        """Losses by name, to be added up."""
        features: CompactFeatures = self.network(clips_BTCHW)
        logits_BK = self.classifier(features.embedding)
        triplet = batch_hard_triplet(features.before_neck, persons_B, margin=self._params.margin)
        return {
            "identity": smoothed_cross_entropy(logits_BK, persons_B, smoothing=self._params.smoothing),
            "triplet": triplet * self._params.triplet,
        }
