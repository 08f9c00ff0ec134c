"""COSAM: what the frames of a clip have in common decides where to look.

Subramaniam, Nambiar and Mittal, "Co-segmentation Inspired Attention Networks for Video-based Person Re-identification",
ICCV 2019.

The paper's cost volume, (T - 1) H W numbers per position, is never made. The summary's first layer is linear in it, so
its weights are multiplied with the other frames' descriptors first, and what comes out with the frame's own:

    sum over m, q of w(m, q) <z_n(p), z_m(q)>  =  <z_n(p), sum over m, q of w(m, q) z_m(q)>

At 16 x 8 positions and four frames that is two thirds of the arithmetic; at 64 x 32 (COSAM_2), where the volume would
take 200 MB per clip, a fortieth.
"""

# B clips, T frames, C channels, R reduced channels, H x W positions, P = H * W, S summary channels

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from reid_models.architectures.aggregation import Aggregation, build_aggregation
from reid_models.architectures.architecture import Architecture, Lengths
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Attention, Features
from reid_models.architectures.inputs import check_clips
from reid_models.architectures.layout import frames_to_clips
from reid_runtime.card import ClipSpec

Form = Literal["released", "paper"]
EPS = 1e-4
"""Added to the standard deviation of a descriptor: the released code's, and the golden numbers tell it from others."""
SUMMARY_WIDTH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """What one COSAM layer looked at, for display.

    Attributes:
        stage: of the trunk that the layer stands behind, 2 to 5.
        spatial: (B, T, H, W) in [0, 1], where each frame was looked at.
        channel: (B, C) in [0, 1], which channels, the same for all frames of a clip.
    """

    stage: int
    spatial: Tensor
    channel: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CosamFeatures(Features):
    """Features of COSAM.

    Attributes:
        masks: one entry per COSAM layer, in the order of their stages.
    """

    masks: tuple[Masks, ...]

    def attention(self) -> tuple[Attention, ...]:
        """The masks of each layer, and the weights of the frames where these are weighed."""
        spatial = "(N, T, h, w) in [0, 1]: where each frame was looked at behind stage"
        channel = "(N, C) in [0, 1]: which channels were looked at behind stage"
        found = Features.attention(self)
        for masks in self.masks:
            found += (
                Attention(f"stage{masks.stage}_spatial", f"{spatial} {masks.stage}", masks.spatial),
                Attention(f"stage{masks.stage}_channel", f"{channel} {masks.stage}", masks.channel),
            )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """What a COSAM layer makes of a clip's maps: the maps (B, T, C, H, W), and the masks of `Masks`."""

    maps: Tensor
    spatial: Tensor
    channel: Tensor


class Cosam(nn.Module):
    """A frame network with COSAM layers behind some stages, then an aggregation: (B, T, 3, H, W) -> CosamFeatures.

    Section 3 of the paper; COSAM_{4,5} with the mean is its choice (Table 2). T, H and W are those that it was built
    for: the summary has a weight for every position of every other frame. D is the trunk's width for mean and
    attention, 512 for recurrent. For attention the published trunk has a last stride of 2, for the others 1.
    """

    def __init__(
        self,
        trunk: Trunk,
        clip: ClipSpec,
        *,
        after: Collection[int] = (4, 5),
        aggregation: Aggregation = "mean",
        form: Form = "released",
    ) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network.
            clip: what it will be fed.
            after: the stages that a layer stands behind, of 2 to 5.
            aggregation: mean (TP), attention (TA), recurrent (RNN).
            form: of the layers, see `CosamLayer`.

        Raises:
            ValueError: if a clip has one frame, or a stage is not one of 2 to 5.
        """
        super().__init__()
        if clip.frames < 2:
            raise ValueError(f"expected clips of 2 frames or more, to compare, found {clip.frames}")
        if not after or not set(after) <= {2, 3, 4, 5}:
            raise ValueError(f"expected layers after some of the stages 2, 3, 4 and 5, found {sorted(after)}")
        self.trunk = trunk
        self.clip = clip
        self.layers = nn.ModuleDict()
        for stage in sorted(set(after)):
            map_size = trunk.map_size(clip.height, clip.width, stage=stage)
            self.layers[str(stage)] = CosamLayer(trunk.widths[stage - 1], clip.frames, map_size, form=form)
        self.aggregation = build_aggregation(aggregation, trunk.width, trunk.map_size(clip.height, clip.width))

    def forward(self, clips_BTCHW: Tensor) -> CosamFeatures:
        """Clips, uint8 or float in [0, 1] -> features.

        Raises:
            ValueError: if the clips have another length or size than those it was built for.
        """
        self._check(clips_BTCHW)
        maps_NCHW = self.trunk.frames(clips_BTCHW)
        masks = []
        for number, stage in enumerate(self.trunk.stages, start=1):
            maps_NCHW = stage(maps_NCHW)
            if str(number) in self.layers:
                segmented: Segmented = self.layers[str(number)](frames_to_clips(maps_NCHW, self.clip.frames))
                maps_NCHW = segmented.maps.flatten(0, 1)
                masks.append(Masks(number, segmented.spatial, segmented.channel))
        pooled: Features = self.aggregation(frames_to_clips(maps_NCHW, self.clip.frames))
        return CosamFeatures(
            embedding=pooled.embedding,
            frames=pooled.frames,
            frame_weights=pooled.frame_weights,
            masks=tuple(masks),
        )

    def _check(self, clips_BTCHW: Tensor) -> None:
        check_clips(clips_BTCHW)
        frames, height, width = clips_BTCHW.shape[1], *clips_BTCHW.shape[3:]
        if (frames, height, width) != (self.clip.frames, self.clip.height, self.clip.width):
            raise ValueError(
                f"expected clips of {self.clip.frames} frames of {self.clip.height} x {self.clip.width} pixels, "
                f"found {frames} of {height} x {width}"
            )


class CosamLayer(nn.Module):
    """One co-segmentation attention layer, (B, T, C, H, W) -> Segmented of the same shape (section 3.1, Figure 2).

    1. Each position is reduced to R channels (1x1 convolution, batch norm, ReLU): 256, as in the paper, and 64 where C
       is not larger than 256, as in the released code. It is then brought to mean 0 and standard deviation 1.
    2. Normalised cross-correlation of each position with all positions of all other frames, summarised to one number
       and a sigmoid: the spatial mask M. A = F * M.
    3. The mean of A over a frame, through linear, tanh, linear, sigmoid, and its mean over the frames: the gate g.

    The two forms:
    - "released", the authors' code: two convolutions summarise (to 64 channels, batch norm, ReLU, to 1), and the layer
      yields A + A * g.
    - "paper", the equations as printed: one convolution, and the layer yields A * g.
    """

    rank: Tensor
    is_other: Tensor

    def __init__(self, width: int, frames: int, map_size: tuple[int, int], *, form: Form = "released") -> None:
        """Builds the layer for maps of that many channels, frames, rows and columns."""
        super().__init__()
        rows, columns = map_size
        reduced = 256 if width > 256 else 64
        self.form = form
        self.reduce = nn.Sequential(nn.Conv2d(width, reduced, 1), nn.BatchNorm2d(reduced), nn.ReLU())
        summary_width = SUMMARY_WIDTH if form == "released" else 1
        self.compare = nn.Conv2d((frames - 1) * rows * columns, summary_width, 1)
        self.summarise = _summary(summary_width) if form == "released" else nn.Identity()
        self.gate = nn.Sequential(nn.Linear(width, reduced), nn.Tanh(), nn.Linear(reduced, width), nn.Sigmoid())
        ranks = torch.arange(frames).expand(frames, frames)
        self.register_buffer("rank", (ranks - ranks.triu(1).sign()).clamp(max=frames - 2), persistent=False)
        self.register_buffer("is_other", 1 - torch.eye(frames), persistent=False)

    def forward(self, maps_BTCHW: Tensor) -> Segmented:
        """Maps of the frames of each clip -> maps with what they share, and the masks."""
        spatial_BTHW = self._spatial_mask(maps_BTCHW)
        attended = maps_BTCHW * spatial_BTHW.unsqueeze(2)
        gates_BTC: Tensor = self.gate(attended.mean(dim=(3, 4)))
        channel_BC = gates_BTC.mean(dim=1)
        gated = attended * channel_BC[:, None, :, None, None]
        return Segmented(attended + gated if self.form == "released" else gated, spatial_BTHW, channel_BC)

    def _spatial_mask(self, maps_BTCHW: Tensor) -> Tensor:
        batch, frames, _, rows, columns = maps_BTCHW.shape
        descriptors_NRHW: Tensor = self.reduce(maps_BTCHW.flatten(0, 1))
        descriptors_BTRP = frames_to_clips(standardise(descriptors_NRHW).flatten(2), frames)
        assert self.compare.bias is not None
        compared_BTSP = self.correlate(descriptors_BTRP, self.compare.weight) + self.compare.bias.unsqueeze(1)
        summary_N1HW: Tensor = self.summarise(compared_BTSP.flatten(0, 1).unflatten(2, (rows, columns)))
        return summary_N1HW.sigmoid().view(batch, frames, rows, columns)

    def correlate(self, descriptors_BTRP: Tensor, weight: Tensor) -> Tensor:
        """The cost volume times the weights of a 1x1 convolution, without the volume; see the head of this file.

        Args:
            descriptors_BTRP: standardised descriptors of all positions.
            weight: (S, (T - 1) * P, 1, 1); the other frames in ascending order, then their positions. With the identity
                the cost volume itself comes out, normalised by 1 / R.

        Returns:
            (B, T, S, P).
        """
        frames, reduced, positions = descriptors_BTRP.shape[1:]
        weight_SKP = weight.view(-1, frames - 1, positions)
        weight_STTP = weight_SKP[:, self.rank] * self.is_other.unsqueeze(2)
        weight_TSM = weight_STTP.transpose(0, 1).flatten(2)
        others_BMR = descriptors_BTRP.transpose(2, 3).flatten(1, 2)
        weighted_BTSR: Tensor = (weight_TSM.flatten(0, 1) @ others_BMR).unflatten(1, (frames, -1))
        return (weighted_BTSR @ descriptors_BTRP) / reduced


def standardise(descriptors_NRHW: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 (divisor R - 1) over the channels of every position."""
    centred = descriptors_NRHW - descriptors_NRHW.mean(dim=1, keepdim=True)
    return centred / (descriptors_NRHW.std(dim=1, keepdim=True) + EPS)


def _summary(width: int) -> nn.Sequential:
    """What follows the comparison in the released form: (N, S, H, W) -> (N, 1, H, W)."""
    return nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 1, 1))


ICCV = "Subramaniam et al., ICCV 2019"
FRAMES = Lengths(least=2, is_built_in=True, takes_padding=False)

NETWORKS: dict[str, Architecture] = {
    "cosam-mean-resnet50": Architecture(
        paper=f"{ICCV}, COSAM_4,5 TP", trunk=TrunkSpec("resnet50"), build=Cosam, lengths=FRAMES
    ),
    "cosam-paper-form-resnet50": Architecture(
        paper=f"{ICCV}, COSAM_4,5 TP as printed",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, clip: Cosam(trunk, clip, form="paper"),
        lengths=FRAMES,
    ),
    "cosam-attention-resnet50": Architecture(
        paper=f"{ICCV}, COSAM_4,5 TA",
        trunk=TrunkSpec("resnet50", last_stride=2),
        build=lambda trunk, clip: Cosam(trunk, clip, aggregation="attention"),
        lengths=FRAMES,
    ),
    "cosam-recurrent-resnet50": Architecture(
        paper=f"{ICCV}, COSAM_4,5 RNN",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, clip: Cosam(trunk, clip, aggregation="recurrent"),
        lengths=FRAMES,
    ),
    "cosam-mean-se-resnet50": Architecture(
        paper=f"{ICCV}, COSAM_4,5 TP on SE-ResNet-50", trunk=TrunkSpec("se_resnet50"), build=Cosam, lengths=FRAMES
    ),
}
