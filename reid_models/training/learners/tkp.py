"""TKP: a video network and an image network learn who it is together, and the first teaches the second.

Gu et al., ICCV 2019, section 3.3: L = L_C + L_T + L^F + L^D, all weights 1.
"""

# B clips, T frames, M = B * T frames, D embedding, K identities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor, nn

from reid_models.architectures.tkp import TKP, TKPFeatures, shared_classifier
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.learners.phases import WHOLE, LearnerPhase
from reid_models.training.losses.identity import smoothed_cross_entropy
from reid_models.training.losses.propagation import distance_propagation, feature_propagation
from reid_models.training.losses.triplet import batch_hard_triplet


@dataclass(frozen=True, slots=True)
class PropagationObjective:
    """
    Attributes:
        margin: of the four triplets: image to video, video to image, image to image, video to video.
        features: weight of L^F; 0 is the paper's row TKP-D.
        distances: weight of L^D; 0 is TKP-F, and both at 0 the baseline.
        form: of L^D, see `distance_propagation`.
    """

    margin: float = 0.3
    features: float = 1.0
    distances: float = 1.0
    form: Literal["released", "paper"] = "released"
    kind: Literal["propagation"] = "propagation"


class PropagationLearner(nn.Module):
    """Both networks and their one classifier: a batch -> losses by name, to be added up."""

    phases: ClassVar[tuple[LearnerPhase, ...]] = WHOLE

    def __init__(self, network: TKP, width: int, identities: int, objective: PropagationObjective) -> None:
        super().__init__()
        self.network = network
        self.classifier = shared_classifier(identities, width=width)
        self.objective = objective

    def forward(self, batch: Batch, _phase: str = "") -> Mapping[str, Tensor]:
        """Losses by name."""
        features: TKPFeatures = self.network(batch.own_clips)
        frames_BTD, images_BTD = whole(features.frames), whole(features.images)
        videos_BD, persons_B = frames_BTD.mean(dim=1), batch.persons
        images_MD, persons_M = images_BTD.flatten(0, 1), persons_B.repeat_interleave(images_BTD.shape[1])
        frames_MD, objective = frames_BTD.flatten(0, 1), self.objective
        videos, images = (videos_BD, persons_B), (images_MD, persons_M)
        return {
            "identity": smoothed_cross_entropy(self.classifier(videos_BD), persons_B, smoothing=0.0)
            + smoothed_cross_entropy(self.classifier(images_MD), persons_M, smoothing=0.0),
            "image_to_video": batch_hard_triplet(*images, margin=objective.margin, among=videos),
            "video_to_image": batch_hard_triplet(*videos, margin=objective.margin, among=images),
            "image_to_image": batch_hard_triplet(*images, margin=objective.margin),
            "video_to_video": batch_hard_triplet(*videos, margin=objective.margin),
            "features": objective.features * feature_propagation(images_MD, frames_MD),
            "distances": objective.distances * distance_propagation(images_MD, frames_MD, form=objective.form),
        }
