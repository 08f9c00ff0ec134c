"""STCnet learns to complete frames: two generators, then two discriminators (Hou et al., CVPR 2019)."""

# B clips of three frames: the one before, the one to complete, the one after; H x W pixels, P parts, K identities

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from reid_learning.machine import own_share
from reid_models.architectures.stcnet.critics import GUIDER_SIZE, Discriminator, IdGuider
from reid_models.architectures.stcnet.generators import CHANNELS, Channels
from reid_models.architectures.stcnet.locator import TAU
from reid_models.architectures.stcnet.losses import CriticScores, discriminator_loss, generator_loss
from reid_models.architectures.stcnet.network import Completion, Stcnet
from reid_models.architectures.stcnet.parts import PARTS, part_masks, part_windows
from reid_models.training.learners.batch import Batch
from reid_models.training.learners.phases import LearnerPhase

GENERATORS = LearnerPhase("generators", ("network.",))
DISCRIMINATORS = LearnerPhase("discriminators", ("whole_critic.", "part_critic."))


@dataclass(frozen=True, slots=True)
class CompletionObjective:
    """L = L_r + adversarial (L_a1 + L_a2) + identity L_c.

    Attributes:
        adversarial: lambda1 of the paper.
        identity: lambda2.
        tau: similarity below which a part counts as hidden; only frames without such parts are learnt from.
        guider: H and W of the frames that the ID guider has learnt on.
        channels: of the generators.
    """

    adversarial: float = 0.001
    identity: float = 0.1
    tau: float = TAU
    guider: tuple[int, int] = GUIDER_SIZE
    channels: Channels = CHANNELS
    kind: Literal["completion"] = "completion"


class CompletionLearner(nn.Module):
    """STCnet, its discriminators, and the ID guider, which is frozen.

    Of each clip's middle frame one of the three parts is dropped, drawn anew in each phase; the paper does not say how
    its regions are drawn, and these are what is completed afterwards.
    """

    phases: ClassVar[tuple[LearnerPhase, ...]] = (GENERATORS, DISCRIMINATORS)

    def __init__(
        self,
        network: Stcnet,
        whole_critic: Discriminator,
        part_critic: Discriminator,
        guider: IdGuider,
        objective: CompletionObjective,
    ) -> None:
        super().__init__()
        self.network = network
        self.whole_critic = whole_critic
        self.part_critic = part_critic
        self.guider = guider
        self.objective = objective

    def forward(self, batch: Batch, phase: str = GENERATORS.name) -> Mapping[str, Tensor]:
        """Losses by name, of one of the phases."""
        previous, frames, following = (batch.own_clips[:, index].float() / 255 for index in range(3))
        chosen_B = own_share(torch.randint(PARTS, (len(batch.clips),))).to(frames.device)
        is_chosen_BP = nn.functional.one_hot(chosen_B, PARTS).bool()
        masks_B1HW = part_masks(is_chosen_BP, *frames.shape[2:])
        if phase == GENERATORS.name:
            completion: Completion = self.network(frames, previous, following, masks_B1HW)
            return self._generators(frames, completion, chosen_B, own_share(batch.persons))
        with torch.no_grad():
            completion = self.network(frames, previous, following, masks_B1HW)
        return self._discriminators(frames, completion.temporal, chosen_B)

    def _generators(
        self, frames: Tensor, completion: Completion, chosen_B: Tensor, persons_B: Tensor
    ) -> dict[str, Tensor]:
        verdicts = CriticScores(
            is_real_globally=self.whole_critic(completion.temporal),
            is_real_locally=self.part_critic(part_windows(completion.temporal, chosen_B)),
            identities=self.guider(completion.temporal),
        )
        loss = generator_loss(
            frames,
            completion,
            verdicts,
            persons_B,
            adversarial_weight=self.objective.adversarial,
            identity_weight=self.objective.identity,
        )
        return {"all": loss}

    def _discriminators(self, frames: Tensor, completed: Tensor, chosen_B: Tensor) -> dict[str, Tensor]:
        windows, completed_windows = part_windows(frames, chosen_B), part_windows(completed, chosen_B)
        return {
            "whole": discriminator_loss(self.whole_critic(frames), self.whole_critic(completed)),
            "part": discriminator_loss(self.part_critic(windows), self.part_critic(completed_windows)),
        }
