"""From one data set's attribute labels to labels of another: network, its two losses, and how labels are made of it.

Zhao, Shen, Jin, Lu and Hua, CVPR 2019, the section on attributes by transfer. It learns on RAP, whose images have
attributes, and on the re-ID set, whose images have none, at once.
"""

# B clips, T frames, N images, M images of the other set, F width of a feature, A attributes

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reid_models.architectures.backbones import Trunk
from reid_models.architectures.layout import frames_to_clips

FEATURE_WIDTH = 512
ALPHA = 0.5
"""Width of the paper's Gaussian kernel, for features of length 1."""
SIGMA = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class PredictedAttributes:
    """What the transfer network says of images.

    Attributes:
        features: (B, T, F), what `squared_mmd` compares.
        logits: (B, T, A), what `weighted_bce` reads; their sigmoid is the probability of an attribute.
    """

    features: Tensor
    logits: Tensor


class AttributeTransfer(nn.Module):
    """Attributes of single images: (B, T, 3, H, W) -> PredictedAttributes; a set of images has T = 1.

    A frame network and mean over the map, the attribute-feature layer (linear, ReLU), the prediction layer (linear,
    sigmoid). Its loss is `weighted_bce` on RAP plus `squared_mmd` between RAP's features and the re-ID set's; the
    paper does not weigh them. Open there and chosen by us: the trunk, F, and the ReLU.
    """

    def __init__(self, trunk: Trunk, attributes: int, *, feature_width: int = FEATURE_WIDTH) -> None:
        """Takes a trunk, and the number of attributes A."""
        super().__init__()
        self.trunk = trunk
        self.feature = nn.Linear(trunk.width, feature_width)
        self.predict = nn.Linear(feature_width, attributes)

    def forward(self, clips_BTCHW: Tensor) -> PredictedAttributes:
        """Clips or images, uint8 or float in [0, 1] -> their attributes."""
        maps_NCHW: Tensor = self.trunk(self.trunk.frames(clips_BTCHW))
        pooled_BTC = frames_to_clips(maps_NCHW.mean(dim=(2, 3)), clips_BTCHW.shape[1])
        features_BTF = F.relu(self.feature(pooled_BTC))
        return PredictedAttributes(features=features_BTF, logits=self.predict(features_BTF))


def weighted_bce(logits_NA: Tensor, labels_NA: Tensor, positive_rates_A: Tensor, *, sigma: float = SIGMA) -> Tensor:
    """WBCE: cross-entropy in which the rarer answer of each attribute weighs more; a scalar, mean over N and A.

    -(1/A) sum over i of exp((1 - r_i) / sigma^2) y_i log p_i + exp(r_i / sigma^2) (1 - y_i) log(1 - p_i).

    Args:
        logits_NA: p is their sigmoid.
        labels_NA: y, 1 where the image has the attribute, else 0.
        positive_rates_A: r, share of the training images that have the attribute, in [0, 1].
        sigma: the paper does not say which for this use; 1 is that of the loss that it takes up (DeepMAR, ACPR 2015).

    Raises:
        ValueError: if the shapes do not line up.
    """
    if logits_NA.shape != labels_NA.shape or logits_NA.shape[1:] != positive_rates_A.shape:
        raise ValueError(
            f"expected logits and labels (N, A) and rates (A,), found {tuple(logits_NA.shape)}, "
            f"{tuple(labels_NA.shape)} and {tuple(positive_rates_A.shape)}"
        )
    labels = labels_NA.to(logits_NA.dtype)
    present = ((1 - positive_rates_A) / sigma**2).exp() * labels * F.logsigmoid(logits_NA)
    absent = (positive_rates_A / sigma**2).exp() * (1 - labels) * F.logsigmoid(-logits_NA)
    return -(present + absent).mean()


def squared_mmd(source_NF: Tensor, target_MF: Tensor, *, alpha: float = ALPHA) -> Tensor:
    """MMD^2, how far two sets of features lie apart as distributions: a scalar, 0 for the same set; biased estimator.

    1/N^2 sum k(s, s') + 1/M^2 sum k(t, t') - 2/(NM) sum k(s, t), k(a, b) = exp(-|a - b|^2 / (2 alpha^2)).

    Ours: features are brought to length 1 first. The paper's alpha of 0.5 wants distances of about 1; those of a layer
    of 512 numbers are tens, where every kernel is 0 and its slope is 1e-5 and less. At length 1 and not negative,
    features are at most sqrt(2) apart, and kernels lie between 0.02 and 1.

    Args:
        source_NF: features of images with attributes (RAP).
        target_MF: features of images without (the re-ID set).
        alpha: width of the kernel.

    Raises:
        ValueError: if the features are not rows of the same width.
    """
    if source_NF.ndim != 2 or target_MF.ndim != 2 or source_NF.shape[1] != target_MF.shape[1]:
        raise ValueError(f"expected (N, F) and (M, F), found {tuple(source_NF.shape)} and {tuple(target_MF.shape)}")
    source_NF, target_MF = F.normalize(source_NF.float(), dim=1), F.normalize(target_MF.float(), dim=1)
    within_source = _gaussian(source_NF, source_NF, alpha).mean()
    within_target = _gaussian(target_MF, target_MF, alpha).mean()
    return within_source + within_target - 2 * _gaussian(source_NF, target_MF, alpha).mean()


def _gaussian(a_NF: Tensor, b_MF: Tensor, alpha: float) -> Tensor:
    """(N, M). From differences, not from products: else an image would not be at distance 0 from itself."""
    distances_NM = torch.cdist(a_NF, b_MF, compute_mode="donot_use_mm_for_euclid_dist")
    return (-distances_NM.square() / (2 * alpha**2)).exp()


def identity_labels(probabilities_NA: Tensor, identities_N: Tensor, *, threshold: float = 0.5) -> Tensor:
    """(P, A) bool: the attributes of each identity, in ascending order of the P identities.

    An identity has an attribute if the mean probability over all its images reaches the threshold.

    Args:
        probabilities_NA: of each image, in [0, 1].
        identities_N: whose image it is.
        threshold: 0.5 in the paper.

    Raises:
        ValueError: if there is not one identity per image.
    """
    if probabilities_NA.shape[:1] != identities_N.shape:
        raise ValueError(
            f"expected one identity per row of {tuple(probabilities_NA.shape)}, found {tuple(identities_N.shape)}"
        )
    _, row_N, counts_P = identities_N.unique(return_inverse=True, return_counts=True)
    sums_PA = probabilities_NA.new_zeros(len(counts_P), probabilities_NA.shape[1]).index_add(0, row_N, probabilities_NA)
    has_PA: Tensor = sums_PA / counts_P.unsqueeze(1) >= threshold
    return has_PA
