"""CSA learns who each frame shows, and whether two snippets show one person."""

# B snippets, T frames, D embedding, K identities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from reid_models.architectures.csa import CsaFeatures, SnippetMatcher
from reid_models.training.learners.batch import Batch, whole
from reid_models.training.learners.phases import WHOLE, LearnerPhase
from reid_models.training.losses.instance_matching import InstanceMatching
from reid_models.training.losses.verification import pair_verification


@dataclass(frozen=True, slots=True)
class PairObjective:
    """Chen et al., CVPR 2018, as released: OIM for each frame, and 100 times the verification of pairs.

    Attributes:
        frames: weight of OIM; the released code lets it go down, by a rule that is not known here.
        pairs: weight of the pairs.
        scalar, momentum: of OIM.
        negatives: see `pair_verification`.
        has_flow: whether optical flow is looked at beside the colours.
    """

    frames: float = 1.0
    pairs: float = 100.0
    scalar: float = 30.0
    momentum: float = 0.5
    negatives: float = 3.0
    has_flow: bool = False
    kind: Literal["pairs"] = "pairs"


class PairLearner(nn.Module):
    """Snippets, a table of identities, and all pairs of a batch -> losses by name, to be added up."""

    phases: ClassVar[tuple[LearnerPhase, ...]] = WHOLE

    def __init__(self, network: SnippetMatcher, width: int, identities: int, objective: PairObjective) -> None:
        super().__init__()
        self.network = network
        self.classifier = InstanceMatching(width, identities, scalar=objective.scalar, momentum=objective.momentum)
        self.objective = objective

    def forward(self, batch: Batch, _phase: str = "") -> Mapping[str, Tensor]:
        """Losses by name."""
        features: CsaFeatures = self.network(batch.own_clips)
        frames_BTD, snippets_BD = whole(features.frames), whole(features.embedding)
        persons_B, objective = batch.persons, self.objective
        persons_M = persons_B.repeat_interleave(frames_BTD.shape[1])
        same_BB = persons_B[:, None] == persons_B[None, :]
        others_BB = ~torch.eye(len(persons_B), dtype=torch.bool, device=persons_B.device)
        logits_BB2 = self.network.pairs(snippets_BD, snippets_BD)
        verified = pair_verification(logits_BB2, same_BB, others_BB, negatives=objective.negatives)
        return {
            "frames": objective.frames * self.classifier(frames_BTD.flatten(0, 1), persons_M),
            "pairs": objective.pairs * verified,
        }
