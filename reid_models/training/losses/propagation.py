"""What a video network teaches an image network: TKP's two propagation losses (Gu et al., ICCV 2019, section 3.2)."""

# M = N * T frames of N clips, D embedding

from typing import Literal

from torch import Tensor

from reid_models.training.losses.triplet import pairwise_distances


def feature_propagation(images_MD: Tensor, frames_MD: Tensor) -> Tensor:
    """L^F: mean over the frames of the squared length of what tells an image's feature from its frame's.

    Args:
        images_MD: the image network's; they learn.
        frames_MD: the video network's, of the same frames; constants.
    """
    return (images_MD - frames_MD.detach()).square().sum(dim=1).mean()


def distance_propagation(
    images_MD: Tensor, frames_MD: Tensor, *, form: Literal["released", "paper"] = "released"
) -> Tensor:
    """L^D: how far the distances among the images are from those among the frames.

    Args:
        images_MD: the image network's; they learn.
        frames_MD: the video network's; constants.
        form: released: the mean of the squared differences; paper: their sum over M, which is M times as much.
    """
    ours_MM = pairwise_distances(images_MD, images_MD, "euclidean")
    theirs_MM = pairwise_distances(frames_MD.detach(), frames_MD.detach(), "euclidean")
    mean = (ours_MM - theirs_MM).square().mean()
    return mean * len(images_MD) if form == "paper" else mean
