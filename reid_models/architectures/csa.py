"""CSA: Chen, Li, Xiao, Yi, Wang, "Video Person Re-identification with Competitive Snippet-Similarity Aggregation and
Co-Attentive Snippet Embedding", CVPR 2018.

A tracklet is cut into snippets, short clips that overlap. A snippet is embedded by attention over its frames, whose
query comes from itself (self-pooling) or from the snippet it is compared with (cross-pooling, the co-attentive part). A
classifier says how likely two snippets show different people, and only the most alike pairs of two tracklets count
(the competitive part).
"""

# B clips (snippets), P probes, G galleries, T frames, C channels, H x W pixels, R raw width, D embedding

from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.architecture import Architecture
from reid_models.architectures.backbones import Trunk, TrunkSpec
from reid_models.architectures.features import Features
from reid_models.architectures.inputs import check_clips
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.optical_flow import optical_flow
from reid_models.architectures.padding import mean_over_frames, softmax_over_frames
from reid_runtime.card import ClipSpec

Query = Literal["mean", "recurrent"]
EMBEDDING_WIDTH = 128
COMPETING_SHARE = 0.2
FLOW_CHANNELS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CsaFeatures(Features):
    """Features of CSA; `frames` (B, T, D) are the frame features, of length 1, which are pooled and have a loss of
    their own (OIM).

    Attributes:
        raw: (B, T, R), what queries and keys are made from.
        query: (B, D), for cross-pooling of the snippets that this one is compared with.
    """

    frames: Tensor
    raw: Tensor
    query: Tensor


class Csa(nn.Module):
    """Snippets embedded by attention over their frames: (B, T, 3, H, W) -> CsaFeatures, D = 128, any T.

    The embedding is self-pooled, as both sides are in the released code; `CrossPooling` and `PairClassifier` take the
    features of two snippets further.

    With flow, a second first layer of two channels is added to that of the colours, before the batch norm. `WithFlow`
    makes the flow too.
    """

    def __init__(
        self, trunk: Trunk, *, width: int = EMBEDDING_WIDTH, query: Query = "mean", has_flow: bool = False
    ) -> None:
        """Takes a trunk.

        Args:
            trunk: the frame network; ResNet-50 with last stride 2 in the released code.
            width: D.
            query: see `SelfPooling`.
            has_flow: whether it looks at optical flow as well.
        """
        super().__init__()
        self.trunk = trunk
        self.flow_conv = _like_first(trunk.stage1) if has_flow else None
        self.linear = nn.Linear(trunk.width, width)
        self.norm = nn.BatchNorm1d(width)
        self.pooling = SelfPooling(trunk.width, width, query=query)

    def forward(
        self, clips_BTCHW: Tensor, present_BT: Tensor | None = None, *, flow_BTCHW: Tensor | None = None
    ) -> CsaFeatures:
        """Clips, uint8 or float in [0, 1], and their flow -> features.

        Args:
            clips_BTCHW: (B, T, 3, H, W).
            present_BT: as in `padding`.
            flow_BTCHW: (B, T, 2, H, W) float, motion in x and y; its scale is whoever's who trains, [-1, 1] is usual.

        Raises:
            ValueError: if there is a flow and the network has no place for it, or the other way round.
        """
        if (flow_BTCHW is None) != (self.flow_conv is None):
            asked, found = ("no flow", "one") if self.flow_conv is None else ("a flow", "none")
            raise ValueError(f"expected {asked} beside the clips, found {found}")
        raw_BTR = self._raw(clips_BTCHW, flow_BTCHW)
        frames_BTD = F.normalize(_over_frames(self.norm, self.linear(raw_BTR)), dim=2)
        query_BD = self.pooling.query(raw_BTR, present_BT)
        weights_BTD = self.pooling(raw_BTR, query_BD, present_BT)
        return CsaFeatures(
            embedding=(weights_BTD * frames_BTD).sum(dim=1),
            frames=frames_BTD,
            frame_weights=weights_BTD,
            raw=raw_BTR,
            query=query_BD,
        )

    def _raw(self, clips_BTCHW: Tensor, flow_BTCHW: Tensor | None) -> Tensor:
        """(B, T, R): each frame's last map, its mean."""
        maps_NCHW = self._stem(self.trunk.frames(clips_BTCHW), flow_BTCHW)
        for stage in self.trunk.stages[1:]:
            maps_NCHW = stage(maps_NCHW)
        return frames_to_clips(maps_NCHW.mean(dim=(2, 3)), clips_BTCHW.shape[1])

    def _stem(self, frames_NCHW: Tensor, flow_BTCHW: Tensor | None) -> Tensor:
        """Stage 1, the flow's first layer added to that of the colours; both are padded by what stands before it."""
        if flow_BTCHW is None or self.flow_conv is None:
            return _layer(self.trunk.stage1, frames_NCHW)
        layers = _flat(self.trunk.stage1)
        first = next(index for index, layer in enumerate(layers) if isinstance(layer, nn.Conv2d))
        before = nn.Sequential(*layers[:first])
        maps_NCHW = layers[first](before(frames_NCHW)) + self.flow_conv(before(flow_BTCHW.flatten(0, 1)))
        return _layer(nn.Sequential(*layers[first + 1 :]), maps_NCHW)


class SelfPooling(nn.Module):
    """Attention over the frames of a snippet with a query of its own.

    Each channel has its own weights, the softmax over the frames of query x key. Keys are BN(linear(raw frame)). The
    query is, by `query`:
    - mean: the mean over the frames of BN(linear(raw frame)), as released.
    - recurrent: made by an LSTM, as the paper has it; it does not say how. Ours: BN(linear) of the LSTM's mean output.
    """

    def __init__(self, raw: int, width: int = EMBEDDING_WIDTH, *, query: Query = "mean") -> None:
        super().__init__()
        self.lstm = nn.LSTM(raw, width, batch_first=True) if query == "recurrent" else None
        self.query_linear = nn.Linear(raw if self.lstm is None else width, width)
        self.query_norm = nn.BatchNorm1d(width)
        self.key = nn.Linear(raw, width)
        self.key_norm = nn.BatchNorm1d(width)

    def query(self, raw_BTR: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """(B, T, R) -> (B, D); `present_BT` as in `padding`."""
        if self.lstm is None:
            return mean_over_frames(_over_frames(self.query_norm, self.query_linear(raw_BTR)), present_BT)
        outputs_BTD: Tensor = self.lstm(raw_BTR)[0]
        query_BD: Tensor = self.query_norm(self.query_linear(mean_over_frames(outputs_BTD, present_BT)))
        return query_BD

    def forward(self, raw_BTR: Tensor, query_BD: Tensor, present_BT: Tensor | None = None) -> Tensor:
        """What keys are made from, and `query` -> how much each frame counts in each channel, (B, T, D)."""
        keys_BTD = _over_frames(self.key_norm, self.key(raw_BTR))
        return softmax_over_frames(query_BD.unsqueeze(1) * keys_BTD, present_BT)


class CrossPooling(nn.Module):
    """Each gallery snippet pooled with the query of each probe; keys by a layer of its own."""

    def __init__(self, raw: int, width: int = EMBEDDING_WIDTH) -> None:
        super().__init__()
        self.key = nn.Linear(raw, width)
        self.key_norm = nn.BatchNorm1d(width)

    def forward(self, frames_GTD: Tensor, raw_GTR: Tensor, query_PD: Tensor) -> Tensor:
        """Frame features and raw features of the galleries, queries of the probes -> (P, G, D)."""
        keys_GTD = _over_frames(self.key_norm, self.key(raw_GTR))
        return _pooled(frames_GTD, keys_GTD, query_PD[:, None, None])


class PairClassifier(nn.Module):
    """Whether two snippets show one person: linear(BN((probe - gallery)^2)), two classes, different and same.

    Which class is which is for the training to say; `snippet_distance` reads the probability of `different`, class 0.
    """

    def __init__(self, width: int = EMBEDDING_WIDTH) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = nn.Linear(width, 2)

    def forward(self, probes_PD: Tensor, galleries: Tensor) -> Tensor:
        """Probes, and galleries (G, D) or, cross-pooled, (P, G, D) -> (P, G, 2) logits."""
        squared_PGD = (probes_PD.unsqueeze(1) - galleries).square()
        logits: Tensor = self.linear(_over_frames(self.norm, squared_PGD))
        return logits


class WithFlow(nn.Module):
    """CSA that looks at optical flow, which it makes of the clips itself: (B, T, 3, H, W) -> CsaFeatures."""

    def __init__(self, snippets: Csa) -> None:
        super().__init__()
        self.snippets = snippets

    def forward(self, clips_BTCHW: Tensor) -> CsaFeatures:
        """Clips, uint8 or float in [0, 1] -> features."""
        check_clips(clips_BTCHW)
        found: CsaFeatures = self.snippets(clips_BTCHW, flow_BTCHW=optical_flow(clips_BTCHW))
        return found


class SnippetMatcher(nn.Module):
    """Embeds snippets, and compares them: (B, T, 3, H, W) -> CsaFeatures; `pairs` takes two sets of embeddings."""

    def __init__(self, snippets: nn.Module, width: int = EMBEDDING_WIDTH) -> None:
        """Takes what embeds snippets, with D = width."""
        super().__init__()
        self.snippets = snippets
        self.pairs = PairClassifier(width)

    def forward(self, clips_BTCHW: Tensor) -> CsaFeatures:
        """Clips, uint8 or float in [0, 1] -> features."""
        found: CsaFeatures = self.snippets(clips_BTCHW)
        return found


def snippet_distance(logits_PG2: Tensor, *, share: float = COMPETING_SHARE) -> Tensor:
    """How far two tracklets are apart, a scalar: the mean of the least distances of all pairs of their snippets.

    Args:
        logits_PG2: of `PairClassifier`; the distance of a pair is the probability of class 0.
        share: of the pairs that count: those no further than this quantile (interpolated).
    """
    distances = logits_PG2.softmax(dim=2)[..., 0].flatten()
    return distances[distances <= distances.quantile(share)].mean()


def _pooled(values: Tensor, keys: Tensor, query: Tensor) -> Tensor:
    """(..., T, D), (..., T, D), (..., 1, D) -> (..., D), each channel with weights of its own."""
    weights = (query * keys).softmax(dim=-2)
    return (weights * values).sum(dim=-2)


def _over_frames(norm: nn.Module, features: Tensor) -> Tensor:
    """A batch norm over all axes but the last, (..., D)."""
    normed: Tensor = norm(features.flatten(0, -2))
    return normed.view_as(features)


def _layer(layer: nn.Module, maps_NCHW: Tensor) -> Tensor:
    found: Tensor = layer(maps_NCHW)
    return found


def _flat(stem: nn.Module) -> list[nn.Module]:
    """The layers of a stem, those of sequences within it one by one."""
    return [inner for layer in stem.children() for inner in (layer if isinstance(layer, nn.Sequential) else (layer,))]


def _like_first(stem: nn.Module) -> nn.Conv2d:
    """A first layer for flow, of the same geometry as that for colours."""
    first = next(layer for layer in stem.modules() if isinstance(layer, nn.Conv2d))
    side, stride, padding = first.kernel_size[0], first.stride[0], first.padding[0]
    return nn.Conv2d(FLOW_CHANNELS, first.out_channels, side, stride=stride, padding=int(padding), bias=False)


NETWORKS: dict[str, Architecture] = {
    "csa-resnet50": Architecture(
        paper="Chen et al., CVPR 2018, self-pooling, colours only",
        trunk=TrunkSpec("resnet50", last_stride=2),
        build=lambda trunk, _: Csa(trunk),
        clip=ClipSpec(frames=8, height=256, width=128),
    ),
    "csa-recurrent-resnet50": Architecture(
        paper="Chen et al., CVPR 2018, self-pooling with the paper's recurrent query, colours only",
        trunk=TrunkSpec("resnet50", last_stride=2),
        build=lambda trunk, _: Csa(trunk, query="recurrent"),
        clip=ClipSpec(frames=8, height=256, width=128),
    ),
}
