"""What STCnet's generators and discriminators learn by."""

# N frames, H x W pixels, K identities

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from reid_models.architectures.stcnet.network import Completion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CriticScores:
    """What the critics say of the completed frames x2.

    Attributes:
        is_real_globally: (N,) logits of the global discriminator, on whole frames.
        is_real_locally: (N,) logits of the local one, on the completed parts.
        identities: (N, K) logits of the ID guider.
    """

    is_real_globally: Tensor
    is_real_locally: Tensor
    identities: Tensor


def generator_loss(
    frames_NCHW: Tensor,
    completion: Completion,
    verdicts: CriticScores,
    identities_N: Tensor,
    *,
    adversarial_weight: float = 0.001,
    identity_weight: float = 0.1,
) -> Tensor:
    """L = L_r + lambda1 (L_a1 + L_a2) + lambda2 L_c, a scalar: what both generators make small.

    Args:
        frames_NCHW: x, what was there before a region was dropped, float in [0, 1].
        completion: x1 and x2.
        verdicts: on x2.
        identities_N: who it is, int64.
        adversarial_weight: lambda1.
        identity_weight: lambda2; L_c is the cross-entropy of the ID guider's answer.
    """
    adversarial = adversarial_loss(verdicts.is_real_globally) + adversarial_loss(verdicts.is_real_locally)
    identity = F.cross_entropy(verdicts.identities, identities_N)
    reconstruction = reconstruction_loss(frames_NCHW, completion)
    return reconstruction + adversarial_weight * adversarial + identity_weight * identity


def reconstruction_loss(frames_NCHW: Tensor, completion: Completion) -> Tensor:
    """L_r = |x - x1| + |x - x2|, mean over all pixels, in the paper's scale of [-1, 1]: twice what it is in [0, 1]."""
    spatial = (frames_NCHW - completion.spatial).abs().mean()
    temporal = (frames_NCHW - completion.temporal).abs().mean()
    return 2 * (spatial + temporal)


def adversarial_loss(completed_N: Tensor) -> Tensor:
    """L_a, the generators' side: -log D(x2), mean; logits in, a scalar out.

    Printed is log(1 - D(x2)) to be made small, which hardly teaches as long as D is not fooled; ours is the usual form.
    """
    return F.softplus(-completed_N).mean()


def discriminator_loss(real_N: Tensor, completed_N: Tensor) -> Tensor:
    """L_a, one discriminator's side: -log D(x) - log(1 - D(x2)), means; logits in, a scalar out.

    The second term is printed as log D(1 - x2), which must be a slip: D takes frames.
    """
    return F.softplus(-real_N).mean() + F.softplus(completed_N).mean()
