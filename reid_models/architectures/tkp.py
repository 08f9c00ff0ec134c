"""TKP: a video network that sees all frames at once teaches an image network that sees one.

Gu, Ma, Chang, Shan, Chen, "Temporal Knowledge Propagation for Image-to-Video Person Re-Identification", ICCV 2019.
"""

# B clips, T frames, C channels, H x W positions, D embedding, K identities

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from reid_models.architectures.aggregation import TemporalMean
from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.heads import linear_head
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.nonlocal_trunk import NonLocalTrunk, Place, every_second_block

Matching = Literal["image_to_video", "video_to_video", "image_to_image"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TKPFeatures(Features):
    """What both networks make of the same clips: all that the paper's losses read.

    Attributes:
        embedding: (B, D), the video network's, of the clips: the mean of `frames`.
        frames: (B, T, D), the video network's, each made with the whole clip in view.
        images: (B, T, D), the image network's, each made of one frame alone. The propagation losses bring them to
            `frames`, which are constants there; detaching them is the losses' part.
    """

    frames: Tensor
    images: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """The networks of one way of matching, each (B, T, 3, H, W) -> Features; their embeddings share one space.

    Attributes:
        query: describes what is searched for; an image is a clip of one frame.
        gallery: describes what is searched in.
    """

    query: nn.Module
    gallery: nn.Module


class TKPImage(nn.Module):
    """The image network: a frame network, mean over its map, no neck: (B, T, 3, H, W) -> Features, D = the trunk's C.

    An image is a clip of one frame (the paper takes a tracklet's first). Of a longer clip, `frames` are the images'
    features, and `embedding` is their mean, which is ours.
    """

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk
        self.mean = TemporalMean(trunk.width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        features: Features = self.mean(frames_to_clips(maps_NCHW, clips_BTCHW.shape[1]), present_BT)
        return features


class TKPVideo(nn.Module):
    """The video network: ResNet-50 with five 3-D non-local blocks: (B, T, 3, H, W) -> Features, D = the trunk's C.

    The published network is inflated with temporal kernels of 1, which is a 2-D network on every frame; the non-local
    blocks (`NonLocalTrunk`) alone see more than one. `frames` are the means over the last maps, `embedding` the mean of
    `frames`; any T. Starts as `TKPImage` of the same trunk. The code describes a tracklet by the mean of the `frames`
    of all its clips of 32, the last of which may be shorter.
    """

    def __init__(self, trunk: Trunk, *, places: Sequence[Place] | None = None) -> None:
        """Takes a ResNet.

        Args:
            trunk: the frame network.
            places: of the non-local blocks; after every second block of stages 3 and 4 if None, which is the paper's
                2 + 3 for ResNet-50. () is its ablation without them.
        """
        super().__init__()
        self.maps = NonLocalTrunk(trunk, every_second_block(trunk) if places is None else places)
        self.mean = TemporalMean(trunk.width)

    def forward(self, clips_BTCHW: Tensor, present_BT: Tensor | None = None) -> Features:
        """Clips, uint8 or float in [0, 1] -> features; `present_BT` as in `padding`."""
        features: Features = self.mean(self.maps(clips_BTCHW, present_BT), present_BT)
        return features


class TKP(nn.Module):
    """Both networks on the same clips, for training: (B, T, 3, H, W) -> TKPFeatures. Each of them serves alone."""

    def __init__(self, image: TKPImage, video: TKPVideo) -> None:
        super().__init__()
        self.image = image
        self.video = video

    def forward(self, clips_BTCHW: Tensor) -> TKPFeatures:
        """Clips, uint8 or float in [0, 1] -> features of both."""
        video, image = self.video(clips_BTCHW), self.image(clips_BTCHW)
        return TKPFeatures(embedding=video.embedding, frames=video.frames, images=image.frames)

    def sides(self, matching: Matching) -> Sides:
        """Who describes what: in image-to-video, say, the query is an image and the gallery holds videos."""
        match matching:
            case "image_to_video":
                return Sides(query=self.image, gallery=self.video)
            case "video_to_video":
                return Sides(query=self.video, gallery=self.video)
            case "image_to_image":
                return Sides(query=self.image, gallery=self.image)


def shared_classifier(identities: int, *, width: int = 2048) -> nn.Linear:
    """The one classifier of both networks: `embedding` (B, D) -> (B, K), and `images` (B, T, D) -> (B, T, K) logits."""
    return linear_head(width, identities, std=0.001)


GU = "Gu et al. 2019"
RESNET50 = TrunkSpec("resnet50")

NETWORKS: dict[str, Architecture] = {
    "tkp-image-resnet50": Architecture(
        paper=f"{GU}, image network", trunk=RESNET50, build=lambda trunk, _clip: TKPImage(trunk)
    ),
    "tkp-video-resnet50": Architecture(
        paper=f"{GU}, video network",
        trunk=RESNET50,
        build=lambda trunk, _clip: TKPVideo(trunk),
        small_depths=(1, 2, 2, 1),
    ),
}
