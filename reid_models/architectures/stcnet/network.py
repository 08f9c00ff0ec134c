"""STCnet: frames with a region dropped in, completed frames out."""

# N frames, H x W pixels

from dataclasses import dataclass

from torch import Tensor, nn

from reid_models.architectures.inputs import check_pixels
from reid_models.architectures.stcnet.generators import SHRINKAGE, SpatialGenerator, TemporalGenerator


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """A batch of completed frames, float in [0, 1]; outside the dropped region they are the frames that came in.

    Attributes:
        spatial: (N, 3, H, W), x1 of the paper, from the frame alone.
        temporal: (N, 3, H, W), x2, from x1 and the neighbours: the result.
    """

    spatial: Tensor
    temporal: Tensor


class Stcnet(nn.Module):
    """Completes a region of each frame, from the frame and from two others of the tracklet.

    x1 = M * G_s((1 - M) * x) + (1 - M) * x, and x2 = M * G_t(x1, x_previous, x_next) + (1 - M) * x.

    The generators work in [-1, 1], where what is dropped is set to 0, a middle grey, as equation 5 has it (the text
    also speaks of white). The paper's frames are 128 x 64; any sides will do that are multiples of 4.
    """

    def __init__(self, spatial: SpatialGenerator, temporal: TemporalGenerator) -> None:
        """Takes the two generators, G_s and G_t."""
        super().__init__()
        self.spatial = spatial
        self.temporal = temporal

    def forward(self, frames_NCHW: Tensor, previous_NCHW: Tensor, next_NCHW: Tensor, masks_N1HW: Tensor) -> Completion:
        """Frames, uint8 or float in [0, 1] -> completed frames.

        Args:
            frames_NCHW: x.
            previous_NCHW: of each the last frame before it that nothing hides.
            next_NCHW: of each the first one after it.
            masks_N1HW: M, float: 1 in the region to complete, 0 elsewhere.

        Raises:
            ValueError: if the frames' sides are no multiples of 4, or the masks are not theirs.
        """
        _check(frames_NCHW, masks_N1HW)
        frames = _fractions(frames_NCHW)
        kept = 1 - masks_N1HW
        made = self.spatial(kept * _scaled(frames))
        spatial = masks_N1HW * _unscaled(made) + kept * frames
        neighbours = (_scaled(_fractions(neighbour)) for neighbour in (previous_NCHW, next_NCHW))
        made = self.temporal(_scaled(spatial), *neighbours)
        return Completion(spatial=spatial, temporal=masks_N1HW * _unscaled(made) + kept * frames)


def _check(frames_NCHW: Tensor, masks_N1HW: Tensor) -> None:
    count, _, height, width = frames_NCHW.shape
    if height % SHRINKAGE or width % SHRINKAGE:
        raise ValueError(f"expected frames with sides that are multiples of {SHRINKAGE}, found {height} x {width}")
    if masks_N1HW.shape != (count, 1, height, width):
        raise ValueError(
            f"expected masks (N, 1, H, W) for frames {tuple(frames_NCHW.shape)}, found {tuple(masks_N1HW.shape)}"
        )


def _fractions(frames: Tensor) -> Tensor:
    """uint8 or float in [0, 1] -> float in [0, 1]."""
    check_pixels(frames)
    return frames if frames.is_floating_point() else frames / 255


def _scaled(frames: Tensor) -> Tensor:
    """[0, 1] -> [-1, 1]."""
    return 2 * frames - 1


def _unscaled(images: Tensor) -> Tensor:
    """[-1, 1] -> [0, 1]."""
    return (images + 1) / 2
