"""The baselines beside every paper: a frame network and an aggregation over time.

Gao and Nevatia, "Revisiting Temporal Modeling for Video-based Person ReID", 2018: TP, TA and RNN on ResNet-50 with the
published last stride of 2. COSAM's, TKP's and VRSTC's baselines are the same with a last stride of 1.
"""

# B clips, T frames, C channels, H x W pixels, D embedding

from torch import Tensor, nn

from reid_models.architectures.aggregation import Aggregation, build_aggregation
from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features, NeckFeatures
from reid_models.architectures.layout import frames_to_clips
from reid_runtime.card import ClipSpec


class Pooling(nn.Module):
    """Frames described one by one, then aggregated: (B, T, 3, H, W) -> NeckFeatures.

    D is the trunk's width for mean (TP) and attention (TA), 512 for recurrent (RNN); any T. H and W are free except for
    attention, whose first convolution is as large as the map.

    Ours: the neck, a batch norm without bias between what the triplet loss and what the classifier reads (Luo et al.,
    "Bag of Tricks", CVPRW 2019, section 3.5), is an option for every aggregation.
    """

    def __init__(self, trunk: Trunk, clip: ClipSpec, *, aggregation: Aggregation = "mean", neck: bool = False) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network.
            clip: its height and width matter, for attention only.
            aggregation: mean (TP), attention (TA), recurrent (RNN).
            neck: whether to end with a batch norm.
        """
        super().__init__()
        self.trunk = trunk
        self.aggregation = build_aggregation(aggregation, trunk.width, trunk.map_size(clip.height, clip.width))
        self.neck = _neck(self.aggregation.width) if neck else nn.Identity()

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> NeckFeatures:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        pooled: Features = self.aggregation(frames_to_clips(maps_NCHW, clips_BTCHW.shape[1]), present_BT)
        return NeckFeatures(
            embedding=self.neck(pooled.embedding),
            frames=pooled.frames,
            frame_weights=pooled.frame_weights,
            before_neck=pooled.embedding,
        )


def _neck(width: int) -> nn.BatchNorm1d:
    norm = nn.BatchNorm1d(width)
    norm.bias.requires_grad_(False)
    return norm


GAO = "Gao and Nevatia 2018"
GAO_CLIP = ClipSpec(frames=4, height=224, width=112)

NETWORKS: dict[str, Architecture] = {
    "pooling-mean-resnet18": Architecture(
        paper=f"{GAO}, TP",
        trunk=TrunkSpec("resnet18"),
        build=lambda trunk, clip: Pooling(trunk, clip),
        small_depths=(1, 1, 1, 1),
    ),
    "pooling-mean-resnet50": Architecture(
        paper=f"{GAO}, TP",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, clip: Pooling(trunk, clip),
        small_depths=(1, 1, 1, 1),
    ),
    "pooling-attention-resnet50": Architecture(
        paper=f"{GAO}, TA",
        trunk=TrunkSpec("resnet50", last_stride=2),
        build=lambda trunk, clip: Pooling(trunk, clip, aggregation="attention"),
        clip=GAO_CLIP,
    ),
    "pooling-recurrent-resnet50": Architecture(
        paper=f"{GAO}, RNN",
        trunk=TrunkSpec("resnet50"),
        build=lambda trunk, clip: Pooling(trunk, clip, aggregation="recurrent"),
    ),
    "pooling-neck-se-resnet50": Architecture(
        paper=f"{GAO}, TP with the neck of Luo et al. 2019",
        trunk=TrunkSpec("se_resnet50"),
        build=lambda trunk, clip: Pooling(trunk, clip, neck=True),
        small_depths=(1, 1, 1, 1),
    ),
}
