"""A network with all that training puts on top of it."""

# B clips, D embedding, K identities

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from reid_models.architectures.compact import Compact, CompactFeatures
from reid_models.architectures.heads import linear_head
from reid_models.training.losses import batch_hard_triplet, smoothed_cross_entropy, supervised_contrast


@dataclass(frozen=True, slots=True)
class ObjectiveParams:
    """
    Attributes:
        margin: of the triplets.
        smoothing: of the labels, over all identities.
        triplet: weight of the triplet loss beside the cross entropy.
        contrast: weight of the contrastive loss beside the cross entropy.
        temperature: of the contrastive loss.
    """

    margin: float = 0.3
    smoothing: float = 0.1
    triplet: float = 0.5
    contrast: float = 1.0
    temperature: float = 0.1


class NeckLearner(nn.Module):
    """Cross entropy and contrast after the neck, triplets before it (Luo et al., "Bag of Tricks", CVPRW 2019).

    Before the neck all vectors point much the same way, and a contrast of their directions has no slope to begin with.
    """

    def __init__(self, network: Compact, identities: int, params: ObjectiveParams) -> None:
        super().__init__()
        self.network = network
        self.classifier = linear_head(network.neck.num_features, identities, std=0.001)
        self._params = params

    def forward(self, clips_BTCHW: Tensor, persons_B: Tensor) -> Mapping[str, Tensor]:
        """Losses by name, to be added up."""
        features: CompactFeatures = self.network(clips_BTCHW)
        logits_BK = self.classifier(features.embedding)
        params, before_BD = self._params, features.before_neck
        contrast = supervised_contrast(features.embedding, persons_B, temperature=params.temperature)
        return {
            "identity": smoothed_cross_entropy(logits_BK, persons_B, smoothing=params.smoothing),
            "triplet": params.triplet * batch_hard_triplet(before_BD, persons_B, margin=params.margin),
            "contrast": params.contrast * contrast,
        }
