"""Which parts of a tracklet's frames something hides: those that look unlike the same part in the other frames."""

# B tracklets, T frames, N = B * T frames, P parts, C channels, H x W pixels, h rows of a part

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.backbones import Trunk
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.stcnet.parts import PARTS, part_windows

TAU = 0.89
"""The best of the paper's 0.88, 0.89, 0.91 and 0.93, for its own re-ID network."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusions:
    """What hides what.

    Attributes:
        scores: (B, T, P), how much each part looks like the same part of the whole tracklet, cosine in [-1, 1].
        is_occluded: (B, T, P) bool.
    """

    scores: Tensor
    is_occluded: Tensor


class OcclusionLocator(nn.Module):
    """Tracklets (B, T, 3, H, W), uint8 or float in [0, 1] -> Occlusions.

    A frame is cut into P equal parts, a trained re-ID network's trunk describes each part, and the score of a part is
    the cosine of its feature and of the mean of that part's features over the tracklet. Below tau it counts as
    occluded. Any T; the longer the tracklet, the less an occlusion weighs in the mean that it is compared with.

    Open in the paper and chosen by us: images are cut and not maps, as a position of a deep map has seen most of the
    frame, hence also what hides another part.
    """

    def __init__(
        self, trunk: Trunk, *, tau: float = TAU, parts: int = PARTS, cut: Literal["images", "maps"] = "images"
    ) -> None:
        """Takes a trained trunk.

        Args:
            trunk: the frame network.
            tau: cosine below which a part counts as occluded; depends on the trunk.
            parts: P.
            cut: what is cut into parts: the images, so that the trunk sees one part at a time, or its last maps.
        """
        super().__init__()
        self.trunk = trunk
        self.tau = tau
        self.parts = parts
        self.cut = cut

    def forward(self, clips_BTCHW: Tensor) -> Occlusions:
        """Whole tracklets -> what hides their parts."""
        return self.compare(self.describe(clips_BTCHW))

    def describe(self, clips_BTCHW: Tensor) -> Tensor:
        """(B, T, P, C): the feature of every part; frames apart, so that long tracklets may come piece by piece."""
        frames_NCHW = self.trunk.frames(clips_BTCHW)
        is_by_image = self.cut == "images"
        maps_NCHW = self.trunk(self._parts(frames_NCHW)) if is_by_image else self._parts(self.trunk(frames_NCHW))
        features_NPC = frames_to_clips(maps_NCHW.mean(dim=(2, 3)), self.parts)
        return frames_to_clips(features_NPC, clips_BTCHW.shape[1])

    def _parts(self, images_NCHW: Tensor) -> Tensor:
        """(N * P, C, h, W): all parts of each image or map, image by image."""
        every_part_P = torch.arange(self.parts, device=images_NCHW.device)
        repeated = images_NCHW.repeat_interleave(self.parts, dim=0)
        return part_windows(repeated, every_part_P.repeat(len(images_NCHW)), self.parts)

    def compare(self, features_BTPC: Tensor) -> Occlusions:
        """Features of all frames of the tracklets -> which parts are unlike the rest."""
        scores_BTP = part_scores(features_BTPC)
        return Occlusions(scores=scores_BTP, is_occluded=scores_BTP < self.tau)


def part_scores(features_BTPC: Tensor) -> Tensor:
    """(B, T, P): cosine of a part's feature and of its mean over the T frames."""
    return F.cosine_similarity(features_BTPC, features_BTPC.mean(dim=1, keepdim=True), dim=3)
