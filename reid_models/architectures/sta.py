"""STA: Fu, Wang, Wei, Huang, "STA: Spatial-Temporal Attention for Large-Scale Video-Based Person Re-Identification".

AAAI 2019. The authors released no code; the numbers to agree with are of the third-party network in AGRL.
"""

# B clips, T frames, C channels, H x W positions, P parts, D embedding

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Attention, Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.padding import without_padding

PARTS = 4
EMBEDDING_WIDTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StaFeatures(Features):
    """Features of STA.

    Attributes:
        attention_maps: (B, T, H, W), how strongly each position of a frame answers; length 1 over the positions of a
            frame. What the regulariser compares.
        part_attention: (B, T, P), how much each frame counts for a part; sums to 1 over the frames.
    """

    attention_maps: Tensor
    part_attention: Tensor

    def attention(self) -> tuple[Attention, ...]:
        """Where each frame answers, and how much it counts for each part."""
        return (
            Attention("attention_maps", "(N, T, h, w): how strongly each position answers", self.attention_maps),
            Attention(
                "strip_weights", "(N, T, P): how much each frame counts for a strip, 1 in all", self.part_attention
            ),
        )


class Sta(nn.Module):
    """Each horizontal part is taken from the frames that show it best: (B, T, 3, H, W) -> StaFeatures, D = 1024.

    Any T; the map must divide into as many strips as there are parts. The attention of a position is the length of its
    features, that of a part the mean over its strip, shared out among the frames (section 3.2 of the paper, as the
    third-party network has it); a part is then taken twice, from its best frame and as the weighted sum of all.
    """

    def __init__(self, trunk: Trunk, *, parts: int = PARTS, width: int = EMBEDDING_WIDTH) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network; ResNet-50 with last stride 1 in the paper.
            parts: horizontal strips, P.
            width: D.
        """
        super().__init__()
        self.trunk = trunk
        self.head = StaHead(trunk.width, parts=parts, width=width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> StaFeatures:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        features: StaFeatures = self.head(frames_to_clips(maps_NCHW, clips_BTCHW.shape[1]), present_BT)
        return features


class StaHead(nn.Module):
    """Attention without parameters, two fusions, one linear layer: (B, T, C, H, W) -> StaFeatures."""

    def __init__(self, channels: int, *, parts: int = PARTS, width: int = EMBEDDING_WIDTH) -> None:
        super().__init__()
        self.parts = parts
        self.linear = nn.Linear(2 * channels, width, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, maps_BTCHW: Tensor, present_BT: Tensor | None = None) -> StaFeatures:
        """Maps of a clip's frames -> features.

        Raises:
            ValueError: if the rows do not divide into the parts.
        """
        rows = maps_BTCHW.shape[3]
        if rows % self.parts:
            raise ValueError(f"expected maps whose rows divide into {self.parts} parts, found {rows} rows")
        attention_BTHW = attention_maps(maps_BTCHW)
        weights_BTP = F.normalize(without_padding(self._by_part(attention_BTHW), present_BT), p=1, dim=1)
        fused = self.fuse(maps_BTCHW, weights_BTP)
        return StaFeatures(
            embedding=F.relu(self.norm(self.linear(fused))), attention_maps=attention_BTHW, part_attention=weights_BTP
        )

    def fuse(self, maps_BTCHW: Tensor, weights_BTP: Tensor) -> Tensor:
        """(B, 2 C): each part from its best frame beside its weighted sum over the frames, mean over the parts."""
        parts_BTCP = self._by_part(maps_BTCHW)
        best_B1P = weights_BTP.argmax(dim=1, keepdim=True)
        best_B1CP = best_B1P.unsqueeze(2).expand(-1, -1, parts_BTCP.shape[2], -1)
        from_best_BCP = parts_BTCP.gather(1, best_B1CP).squeeze(1)
        weighted_BCP = (weights_BTP.unsqueeze(2) * parts_BTCP).sum(dim=1)
        return torch.cat([from_best_BCP, weighted_BCP], dim=1).mean(dim=2)

    def _by_part(self, maps: Tensor) -> Tensor:
        """(..., H, W) -> (..., P), the mean over each strip."""
        strips: Tensor = maps.unflatten(-2, (self.parts, -1))
        return strips.mean(dim=(-2, -1))


def attention_maps(maps_BTCHW: Tensor) -> Tensor:
    """(B, T, H, W): length of the features at each position, brought to length 1 over the positions of a frame."""
    lengths_BTHW = torch.linalg.vector_norm(maps_BTCHW, dim=2)
    return F.normalize(lengths_BTHW.flatten(2), dim=2).view_as(lengths_BTHW)


def inter_frame_regulariser(attention_BTHW: Tensor) -> Tensor:
    """How far the attention of the frames of a clip is apart: a scalar, 0 for T = 1.

    The paper takes the Frobenius norm of the difference between the maps of two frames drawn at random. Ours is the
    mean over all pairs of frames, which is what the draw gives on average, with less noise.
    """
    frames = attention_BTHW.shape[1]
    first, second = torch.triu_indices(frames, frames, offset=1, device=attention_BTHW.device)
    if not len(first):
        return attention_BTHW.new_zeros(())
    difference = attention_BTHW[:, first] - attention_BTHW[:, second]
    distances: Tensor = torch.linalg.vector_norm(difference, dim=(2, 3))
    return distances.mean()


NETWORKS: dict[str, Architecture] = {
    "sta-resnet50": Architecture(
        paper="Fu et al., AAAI 2019", trunk=TrunkSpec("resnet50"), build=lambda trunk, _: Sta(trunk)
    ),
}
