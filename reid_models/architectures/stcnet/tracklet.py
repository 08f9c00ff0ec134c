"""A tracklet with hidden parts in, the same tracklet without them out: VRSTC's first half, as one function."""

# T frames, N occluded frames, P parts, H x W pixels

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from reid_models.architectures.inputs import check_pixels
from reid_models.architectures.stcnet.locator import OcclusionLocator, Occlusions
from reid_models.architectures.stcnet.network import Completion, Stcnet
from reid_models.architectures.stcnet.parts import part_masks

SIZE = (128, 64)
"""H and W of the frames that the paper's network completes."""
BATCH = 32


@dataclass(frozen=True, slots=True, eq=False)
class CompletedTracklet:
    """A tracklet whose hidden parts were made up.

    Attributes:
        frames: (T, 3, H, W), in the type of the frames that came in.
        occlusions: of the frames that came in; B = 1.
        is_completed: (T,) bool, which frames were changed: those with an occluded part, if there is one without.
    """

    frames: Tensor
    occlusions: Occlusions
    is_completed: Tensor


def complete_tracklet(
    frames_TCHW: Tensor,
    locator: OcclusionLocator,
    network: Stcnet,
    *,
    size: tuple[int, int] = SIZE,
    batch: int = BATCH,
) -> CompletedTracklet:
    """Finds the occluded parts of a tracklet and replaces them by what `network` makes; all else stays as it is.

    Each frame with an occluded part is completed from the nearest frames before and after it that have none (at an end
    of the tracklet from the same one twice; ours). A tracklet that has none is given back as it is.

    The network works at its own size: frames are brought down to it, and only what it made of the occluded parts is
    brought up again. No gradient is computed.

    Args:
        frames_TCHW: (T, 3, H, W), uint8 or float in [0, 1].
        locator: in eval mode.
        network: in eval mode.
        size: H and W at which the network works.
        batch: frames at a time.

    Raises:
        ValueError: if the frames have another shape, or one of the two is in training mode.
    """
    if frames_TCHW.ndim != 4 or frames_TCHW.shape[1] != 3 or not len(frames_TCHW):
        raise ValueError(f"expected a tracklet (T, 3, H, W) with T > 0, found {tuple(frames_TCHW.shape)}")
    check_pixels(frames_TCHW)
    if locator.training or network.training:
        raise ValueError("expected the locator and the network in eval mode, found one in training mode")
    with torch.no_grad():
        features = [locator.describe(some.unsqueeze(0)) for some in frames_TCHW.split(batch)]
        occlusions = locator.compare(torch.cat(features, dim=1))
        is_occluded_T = occlusions.is_occluded[0].any(dim=1)
        is_completed_T = is_occluded_T & ~is_occluded_T.all()
        completed = frames_TCHW.clone()
        neighbours = nearest_clear_frames(is_occluded_T)
        occluded_N = is_completed_T.nonzero().squeeze(1)
        for rows_N in occluded_N.split(batch) if len(occluded_N) else ():
            masks = part_masks(occlusions.is_occluded[0, rows_N], *frames_TCHW.shape[2:])
            previous, following = frames_TCHW[neighbours.previous[rows_N]], frames_TCHW[neighbours.next[rows_N]]
            completed[rows_N] = _completed(network, frames_TCHW[rows_N], previous, following, masks, size)
    return CompletedTracklet(frames=completed, occlusions=occlusions, is_completed=is_completed_T)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Of every frame of a tracklet the nearest ones that nothing hides.

    Attributes:
        previous: (T,) int64, index of the last one before it.
        next: (T,) int64, index of the first one after it.
    """

    previous: Tensor
    next: Tensor


def nearest_clear_frames(is_occluded_T: Tensor) -> Neighbours:
    """The nearest frames without occlusion; where one side has none, the other's; where there is none at all, frame 0.

    A frame without occlusion is its own neighbour on both sides.
    """
    last = len(is_occluded_T) - 1
    index_T = torch.arange(last + 1, device=is_occluded_T.device)
    previous_T = index_T.masked_fill(is_occluded_T, -1).cummax(dim=0).values
    next_T = index_T.masked_fill(is_occluded_T, last + 1).flip(0).cummin(dim=0).values.flip(0)
    has_previous, has_next = previous_T >= 0, next_T <= last
    return Neighbours(
        previous=torch.where(has_previous, previous_T, next_T.where(has_next, 0)),
        next=torch.where(has_next, next_T, previous_T.clamp(min=0)),
    )


def _completed(
    network: Stcnet, frames: Tensor, previous: Tensor, following: Tensor, masks_N1HW: Tensor, size: tuple[int, int]
) -> Tensor:
    """(N, 3, H, W) in the type of the frames: theirs outside the masks, the network's inside."""
    # A small pixel is dropped if any of those is that it is the mean of: nothing of what hides the part is left.
    small_masks = F.adaptive_max_pool2d(masks_N1HW, size)
    small = (F.adaptive_avg_pool2d(_fractions(images), size) for images in (frames, previous, following))
    completion: Completion = network(*small, small_masks)
    made = F.interpolate(completion.temporal, frames.shape[2:], mode="bilinear")
    if not frames.is_floating_point():
        made = (made * 255).round().to(frames.dtype)
    return torch.where(masks_N1HW.bool(), made, frames)


def _fractions(frames: Tensor) -> Tensor:
    """uint8 or float in [0, 1] -> float in [0, 1]."""
    return frames if frames.is_floating_point() else frames / 255
