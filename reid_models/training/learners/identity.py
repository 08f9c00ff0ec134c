"""Who it is, and what is near to what: the losses of most papers, on any network of the catalogue."""

# B clips, T frames, D embedding, K identities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from reid_models.architectures.features import Features, NeckFeatures
from reid_models.architectures.heads import linear_head, neck_head
from reid_models.architectures.sta import StaFeatures, inter_frame_regulariser
from reid_models.architectures.stmp import StmpFeatures
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.learners.phases import WHOLE, LearnerPhase
from reid_models.training.losses.contrast import supervised_contrast
from reid_models.training.losses.identity import smoothed_cross_entropy
from reid_models.training.losses.triplet import Distance, batch_hard_triplet

CLASSIFIED = {"clips": ("embedding",), "frames": ("frames",), "streams": ("spatial", "temporal")}
"""What of the features each kind of classifiers reads."""
MIDDLE = "middle"
"""What of STMP's features the auxiliary classifier reads."""


@dataclass(frozen=True, slots=True)
class IdentityObjective:
    """Weights of 0 leave a term away.

    Attributes:
        head: linear, on the embedding; or neck: batch norm, ReLU, dropout and linear (GLTR, M3D).
        on: what the head reads: the clip's embedding; each frame's feature; or streams: each of M3D's two has a
            classifier of its own.
        smoothing: of the labels, over all identities.
        triplet: weight of the batch-hard triplets.
        margin: theirs.
        distance: theirs.
        contrast: weight of the supervised contrast.
        temperature: its.
        inter_frame: weight of STA's regulariser.
        parts: weight of the triplets of STMP's parts, the mean over them.
        middle: weight of a classifier of the frames' middle maps: STMP's auxiliary one.
    """

    head: Literal["linear", "neck"] = "linear"
    on: Literal["clips", "frames", "streams"] = "clips"
    smoothing: float = 0.1
    triplet: float = 1.0
    margin: float = 0.3
    distance: Distance = "euclidean"
    contrast: float = 0.0
    temperature: float = 0.1
    inter_frame: float = 0.0
    parts: float = 0.0
    middle: float = 0.0
    kind: Literal["identity"] = "identity"

    @property
    def classified(self) -> tuple[str, ...]:
        """Names of the features that have a classifier each."""
        return (*CLASSIFIED[self.on], *((MIDDLE,) if self.middle else ()))


class IdentityLearner(nn.Module):
    """A network and its classifier: a batch -> losses by name, to be added up.

    Where the network ends with a neck, triplets read what it took, classifier and contrast what it gave (Luo et al.,
    "Bag of Tricks", CVPRW 2019).
    """

    phases: ClassVar[tuple[LearnerPhase, ...]] = WHOLE

    def __init__(
        self, network: nn.Module, widths: Mapping[str, int], identities: int, objective: IdentityObjective
    ) -> None:
        """Takes a network.

        Args:
            network: clips -> Features.
            widths: of each of the features that the objective classifies.
            identities: K.
            objective: see there.
        """
        super().__init__()
        self.network = network
        first, *others = objective.classified
        self.classifier = _head(objective, widths[first], identities)
        self.others = nn.ModuleDict({name: _head(objective, widths[name], identities) for name in others})
        self.objective = objective

    def forward(self, batch: Batch, _phase: str = "") -> Mapping[str, Tensor]:
        """Losses by name."""
        features: Features = self.network(batch.own_clips)
        objective, persons_B = self.objective, batch.persons
        embedding_BD = whole(features.embedding)
        losses = self._identities(features, persons_B)
        if objective.triplet:
            rows_BD = whole(features.before_neck) if isinstance(features, NeckFeatures) else embedding_BD
            losses["triplet"] = objective.triplet * self._triplet(rows_BD, persons_B)
        if objective.contrast:
            contrast = supervised_contrast(embedding_BD, persons_B, temperature=objective.temperature)
            losses["contrast"] = objective.contrast * contrast
        if objective.inter_frame:
            assert isinstance(features, StaFeatures)
            attention = inter_frame_regulariser(whole(features.attention_maps))
            losses["inter_frame"] = objective.inter_frame * attention
        if objective.parts:
            assert isinstance(features, StmpFeatures)
            parts = [self._triplet(rows_BD, persons_B) for rows_BD in whole(features.parts).unbind(1)]
            losses["parts"] = objective.parts * sum(parts[1:], parts[0]) / len(parts)
        return losses

    def _identities(self, features: Features, persons_B: Tensor) -> dict[str, Tensor]:
        first, *others = self.objective.classified
        losses = {"identity": self._identity(self.classifier, getattr(features, first), persons_B)}
        for name in others:
            weight = self.objective.middle if name == MIDDLE else 1.0
            losses[name] = weight * self._identity(self.others[name], getattr(features, name), persons_B)
        return losses

    def _identity(self, classifier: nn.Module, rows: Tensor, persons_B: Tensor) -> Tensor:
        """Of rows (B, D), or of each frame (B, T, D)."""
        rows = whole(rows)
        if rows.ndim == 3:
            persons_B = persons_B.repeat_interleave(rows.shape[1])
            rows = rows.flatten(0, 1)
        return smoothed_cross_entropy(classifier(rows), persons_B, smoothing=self.objective.smoothing)

    def _triplet(self, rows_BD: Tensor, persons_B: Tensor) -> Tensor:
        objective = self.objective
        return batch_hard_triplet(rows_BD, persons_B, margin=objective.margin, distance=objective.distance)


def _head(objective: IdentityObjective, width: int, identities: int) -> nn.Module:
    if objective.head == "neck":
        return neck_head(width, identities)
    return linear_head(width, identities, std=0.001)
