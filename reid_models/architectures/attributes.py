"""The attribute-driven network: a frame counts for a part of the description as far as it is sure of that part.

Zhao, Shen, Jin, Lu and Hua, "Attribute-Driven Feature Disentangling and Temporal Aggregation for Video Person
Re-Identification", CVPR 2019. The network that labels its training set is in `attribute_transfer`.
"""

# B clips, T frames, F width of a frame's feature, S width of a segment, G groups, A attributes

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.attribute_groups import RAP_GROUPS, AttributeGroup
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.padding import mean_over_frames, softmax_over_frames
from reid_runtime.card import ClipSpec

SIGMA = 0.5
"""The best of the paper's 0.3, 0.5, 0.9 and 1.2."""
SEGMENT_WIDTH = 128


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AttributeFeatures(Features):
    """Features of the attribute-driven network.

    Attributes:
        attribute_logits: (B, A), of the clip; the groups one after the other. The attribute loss reads it, and its
            sigmoid is the probability that the person has the attribute.
        frame_weights: (B, T, G), how much each frame counts for a group; sums to 1 over the frames.
    """

    attribute_logits: Tensor
    frame_weights: Tensor


class AttributeDriven(nn.Module):
    """Segments for groups of attributes, merged by confidence: (B, T, 3, H, W) -> AttributeFeatures; any T.

    1. Each frame: trunk, mean over the map, one linear layer (fc1), cut into G + 1 segments: one for each group of
       attributes, and a global one. That is `frames`, (B, T, (G + 1) * S).
    2. Each group's predictor, linear and sigmoid, reads its segment: probabilities p of A_n attributes. Over them
       Ent = mean(p log p), Conf = exp(Ent / sigma^2), and w_nt = Conf_t / sum over t of Conf_t. No gradient flows
       through the weights.
    3. A group's segment of the clip is the sum over its frames of w_nt times theirs; the global one is their mean.
       `embedding` is all of them side by side, D = (G + 1) * S, not brought to length 1. The predictors read the merged
       segments again, for the attribute loss: cross-entropy of each group, and one of the identity on the embedding.

    Ent is as printed: p log p without (1 - p) log(1 - p), so an attribute that is surely absent and one that is surely
    present both count as confident, and the least confident probability is 1 / e.

    Open in the paper and chosen by us: S, equal for all segments; nothing follows fc1; a last stride of 2.
    """

    def __init__(
        self,
        trunk: Trunk,
        *,
        groups: Sequence[AttributeGroup] = RAP_GROUPS,
        segment_width: int = SEGMENT_WIDTH,
        sigma: float | None = SIGMA,
    ) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network; ResNet-18 or 50 in the paper.
            groups: which attributes share a segment.
            segment_width: S.
            sigma: small values let the most confident frame count alone; None lets all frames count the same, the
                paper's rows B and D.

        Raises:
            ValueError: if there is no group, or sigma is not positive.
        """
        super().__init__()
        if not groups:
            raise ValueError("expected one group of attributes or more, found none")
        if sigma is not None and sigma <= 0:
            raise ValueError(f"expected a positive sigma, found {sigma}")
        self.trunk = trunk
        self.groups = tuple(groups)
        self.segment_width = segment_width
        self.sigma = sigma
        self.fc1 = nn.Linear(trunk.width, (len(groups) + 1) * segment_width)
        self.predictors = nn.ModuleList(nn.Linear(segment_width, len(group.attributes)) for group in groups)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> AttributeFeatures:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        frames_BTF: Tensor = self.fc1(frames_to_clips(maps_NCHW.mean(dim=(2, 3)), clips_BTCHW.shape[1]))
        segments_BTGS = frames_BTF.unflatten(2, (-1, self.segment_width))
        weights_BTG = self._weights(segments_BTGS[:, :, :-1], present_BT)
        of_groups_BGS = (weights_BTG.unsqueeze(3) * segments_BTGS[:, :, :-1]).sum(dim=1)
        global_B1S = mean_over_frames(segments_BTGS[:, :, -1:], present_BT)
        return AttributeFeatures(
            embedding=torch.cat([of_groups_BGS, global_B1S], dim=1).flatten(1),
            frames=frames_BTF,
            attribute_logits=torch.cat(self._logits(of_groups_BGS), dim=-1),
            frame_weights=weights_BTG,
        )

    def _weights(self, segments_BTGS: Tensor, present_BT: Tensor | None) -> Tensor:
        """(B, T, G, S) -> (B, T, G), without gradient."""
        if self.sigma is None:
            return softmax_over_frames(torch.zeros_like(segments_BTGS[..., 0]), present_BT)
        entropies = [printed_entropy(logits) for logits in self._logits(segments_BTGS.detach())]
        return softmax_over_frames(torch.stack(entropies, dim=2) / self.sigma**2, present_BT).detach()

    def _logits(self, segments: Tensor) -> list[Tensor]:
        """(..., G, S) -> for each group (..., A_n)."""
        return [predict(segment) for predict, segment in zip(self.predictors, segments.unbind(dim=-2), strict=True)]


def printed_entropy(logits: Tensor) -> Tensor:
    """Ent of the paper: mean(p log p) over the last axis, p = sigmoid(logits); from -1 / e, unsure, to 0, sure.

    log p is -softplus(-logits): exported, torch's own logsigmoid is the logarithm of a sigmoid, which may be 0.
    """
    return -(logits.sigmoid() * F.softplus(-logits)).mean(dim=-1)


CVPR = "Zhao et al., CVPR 2019"
CLIP = ClipSpec(frames=8, height=256, width=128)

NETWORKS: dict[str, Architecture] = {
    "attributes-resnet18": Architecture(
        paper=f"{CVPR}, on ResNet-18",
        trunk=TrunkSpec("resnet18", last_stride=2),
        build=lambda trunk, _: AttributeDriven(trunk),
        clip=CLIP,
    ),
    "attributes-resnet50": Architecture(
        paper=f"{CVPR}, on ResNet-50",
        trunk=TrunkSpec("resnet50", last_stride=2),
        build=lambda trunk, _: AttributeDriven(trunk),
        clip=CLIP,
    ),
}
