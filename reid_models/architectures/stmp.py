"""STMP: Liu, Yuan, Zhou, Li, "Spatial and Temporal Mutual Promotion for Video-Based Person Re-Identification".

AAAI 2019. A refining recurrent unit (RRU) mends each frame's map by what the frames before it showed; the
spatial-temporal clues integration module (STIM) makes one vector of the mended maps.
"""

# B clips, T frames, C channels, H x W positions, R reduced channels, D embedding

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture, Lengths
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.padding import mean_over_frames, without_padding
from reid_runtime.card import ClipSpec

REDUCED_WIDTH = 256
SPATIAL_WIDTH = 128
EMBEDDING_WIDTH = 256
NORM_EPS = 1e-3
"""Of the batch norm in the refining unit, which is one of Inception-v3's; elsewhere it is PyTorch's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StmpFeatures(Features):
    """Features of STMP.

    Attributes:
        parts: (B, H, C), one feature for each row of the maps, mean over frames and columns of the refined maps. Each
            has a triplet loss of its own.
        middle: (B, T, M), each frame's mean over the map behind stage 4, for a classifier that is left away afterwards.
    """

    parts: Tensor
    middle: Tensor


class Stmp(nn.Module):
    """Frames refined one after the other, then fused: (B, T, 3, H, W) -> StmpFeatures, D = 256.

    Any T, but exported for one: the recurrence is unrolled. Frames of one size: a layer of the unit is as large as the
    map (8 x 8 for the paper's 299 x 299 pixels).

    Ours: the auxiliary classifier of the released training, Inception-v3's behind stage 4, reads a mean over the map;
    the published one has two convolutions before it.
    """

    def __init__(self, trunk: Trunk, clip: ClipSpec, *, width: int = EMBEDDING_WIDTH) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network; Inception-v3 in the paper.
            clip: its height and width matter.
            width: D.
        """
        super().__init__()
        self.trunk = trunk
        self.refine = RefiningUnit(trunk.width, trunk.map_size(clip.height, clip.width))
        self.fuse = Integration(trunk.width, width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> StmpFeatures:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`.

        Raises:
            ValueError: if the frames have another size than the network was built for.
        """
        middle_NCHW = self.trunk.frames(clips_BTCHW)
        frames = clips_BTCHW.shape[1]
        for stage in self.trunk.stages[:-1]:
            middle_NCHW = stage(middle_NCHW)
        refined_BCTHW = self.refine(frames_to_clips(self.trunk.stage5(middle_NCHW), frames))
        return StmpFeatures(
            embedding=self.fuse(refined_BCTHW, present_BT),
            parts=refined_BCTHW.mean(dim=(2, 4)).transpose(1, 2),
            middle=frames_to_clips(middle_NCHW.mean(dim=(2, 3)), frames),
        )


class RefiningUnit(nn.Module):
    """RRU: h_t = (1 - z_t) h_{t-1} + z_t x_t, beginning with h_0 = x_0: (B, T, C, H, W) -> (B, C, T, H, W).

    The gate z, one number for each position and channel, says how far the frame is to be believed. It is the sigmoid
    of a map over positions times a vector over channels, both made from what differs: h_{t-1} - x_t, by which the frame
    departs from what was seen so far, and x_t - x_{t-1}, its motion.

    What of the first layer depends on the frames alone is computed for all of them at once.
    """

    def __init__(self, channels: int, map_size: tuple[int, int], *, reduced: int = REDUCED_WIDTH) -> None:
        super().__init__()
        self.map_size = map_size
        positions = map_size[0] * map_size[1]
        self.reduce = nn.Conv2d(2 * channels, reduced, 1, bias=False)
        self.norm = nn.BatchNorm2d(reduced, eps=NORM_EPS)
        self.spatial = nn.Conv2d(1, SPATIAL_WIDTH, map_size, bias=False)
        self.spatial_out = nn.Conv2d(SPATIAL_WIDTH, positions, 1, bias=False)
        self.channel_out = nn.Conv2d(reduced, channels, 1, bias=False)

    def forward(self, maps_BTCHW: Tensor) -> Tensor:
        """Maps of a clip's frames -> the refined ones.

        Raises:
            ValueError: if the maps have another size than the unit was built for.
        """
        if tuple(maps_BTCHW.shape[3:]) != self.map_size:
            raise ValueError(f"expected maps of {self.map_size}, found {tuple(maps_BTCHW.shape[3:])}")
        departure_weight, motion_weight = self.reduce.weight.chunk(2, dim=1)
        state = maps_BTCHW[:, 0]
        motion = maps_BTCHW[:, 1:] - maps_BTCHW[:, :-1]
        from_frames = (
            F.conv2d(motion.flatten(0, 1), motion_weight) - F.conv2d(maps_BTCHW[:, 1:].flatten(0, 1), departure_weight)
        ).unflatten(0, motion.shape[:2])
        refined = [state]
        for frame, from_frame in zip(maps_BTCHW[:, 1:].unbind(1), from_frames.unbind(1), strict=True):
            gate = self._gate(F.conv2d(state, departure_weight) + from_frame)
            state = state + gate * (frame - state)
            refined.append(state)
        return torch.stack(refined, dim=2)

    def _gate(self, reduced_BRHW: Tensor) -> Tensor:
        """(B, R, H, W) before the norm -> (B, C, H, W) in (0, 1)."""
        seen_BRHW = F.relu(self.norm(reduced_BRHW))
        spatial = self.spatial_out(F.relu(self.spatial(seen_BRHW.mean(dim=1, keepdim=True))))
        channel = self.channel_out(seen_BRHW.mean(dim=(2, 3), keepdim=True))
        gate: Tensor = (spatial.reshape(-1, 1, *self.map_size) * channel).sigmoid()
        return gate


class Integration(nn.Module):
    """STIM: two 3-D convolutions over the refined maps, then the mean: (B, C, T, H, W) -> (B, D)."""

    def __init__(self, channels: int, width: int = EMBEDDING_WIDTH, *, reduced: int = REDUCED_WIDTH) -> None:
        super().__init__()
        self.reduce = nn.Conv3d(channels, reduced, 1, bias=False)
        self.reduce_norm = nn.BatchNorm3d(reduced)
        self.mix = nn.Conv3d(reduced, width, 3, padding=1, bias=False)
        self.mix_norm = nn.BatchNorm3d(width)

    def forward(self, refined_BCTHW: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """Refined maps -> one vector for each clip; `present_BT` as in `padding`."""
        reduced_BRTHW = F.relu(self.reduce_norm(self.reduce(refined_BCTHW)))
        reduced_BRTHW = without_padding(reduced_BRTHW.transpose(1, 2), present_BT).transpose(1, 2)
        mixed_BDTHW = F.relu(self.mix_norm(self.mix(reduced_BRTHW)))
        return mean_over_frames(mixed_BDTHW.mean(dim=(3, 4)).transpose(1, 2), present_BT)


NETWORKS: dict[str, Architecture] = {
    "stmp-inception-v3": Architecture(
        paper="Liu et al., AAAI 2019",
        trunk=TrunkSpec("inception_v3", last_stride=2),
        build=lambda trunk, clip: Stmp(trunk, clip),
        lengths=Lengths(is_unrolled=True),
        clip=ClipSpec(frames=8, height=299, width=299),
        small_clip=ClipSpec(frames=2, height=107, width=107),
        small_depths=None,
    ),
}
