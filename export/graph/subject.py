"""What is exported: a network with the shape of its input, and what its card says of it."""

# N clips or images, T frames, H x W pixels

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from detectors import yolox
from reid_models import clip_encoder
from reid_models.architectures.architecture import Lengths
from reid_runtime.card import ClipSpec, DetectionSpec, Pixels
from reid_runtime.family import Family

EXAMPLE_ROWS = 2
"""Of the input that the network is traced with: a single one would be taken for a constant."""
MASK_MEANING = "which frames are no padding; these stand first, one at least"
EMBEDDINGS = "one vector for each clip, of length 1"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Subject:
    """A network as serving runs it, in eval mode.

    Attributes:
        network: from the tensors of `inputs`, in their order, to those of `outputs`.
        architecture: its name in the catalogue, and what is not the catalogue's.
        paper: whose, and which of its networks.
        origin: how its weights came to be.
        clip: the clips that serving is to give it; None: it takes images.
        image: height and width of the images, pixels; None: it takes clips.
        lengths: which T it takes; None: it takes images.
        has_mask: whether it takes which frames are no padding, too.
        attention: names of what it yields beside embeddings, and what they mean.
    """

    network: nn.Module
    architecture: str
    paper: str
    origin: str
    clip: ClipSpec | None = None
    image: tuple[int, int] | None = None
    lengths: Lengths | None = None
    has_mask: bool = False
    attention: Mapping[str, str] = field(default_factory=dict)

    @property
    def family(self) -> Family:
        """Of the networks that serving reads."""
        return yolox.YOLOX if self.clip is None else clip_encoder.CLIP

    @property
    def pixels(self) -> Pixels:
        """How images become the input."""
        return yolox.PIXELS if self.clip is None else clip_encoder.PIXELS

    @property
    def detection(self) -> DetectionSpec | None:
        """The images that it takes, and its one class, that of people; None: it takes clips."""
        return None if self.image is None else DetectionSpec(*self.image, "top-left", 0)

    @property
    def inputs(self) -> dict[str, str]:
        """Names of the file's inputs, in order, and what they mean."""
        first = {"images": yolox.IMAGES} if self.clip is None else {"clips": clip_encoder.CLIPS}
        return first | ({clip_encoder.MASK: MASK_MEANING} if self.has_mask else {})

    @property
    def outputs(self) -> dict[str, str]:
        """Names of the file's outputs, in order, and what they mean."""
        return {"output": yolox.ROWS} if self.clip is None else {"embeddings": EMBEDDINGS, **self.attention}

    @property
    def free_axes(self) -> dict[int, str]:
        """Axes of each input whose size is free in the file, and their names there."""
        is_length_free = self.lengths is not None and self.lengths.is_free_when_exported
        return {0: "N", 1: "T"} if is_length_free else {0: "N"}

    def example(self, rows: int = EXAMPLE_ROWS, frames: int | None = None) -> tuple[Tensor, ...]:
        """Noise, in which each clip and each frame has a colour of its own, as the network takes it; always the same.

        Where there is a mask, the last frame of the first clip is padding, if it has another.

        Args:
            rows: N.
            frames: T; those of the clip if None.
        """
        generator = torch.Generator().manual_seed(rows)
        if self.clip is None:
            assert self.image is not None
            return (torch.rand(rows, 3, *self.image, generator=generator) * 255,)
        shape = (rows, frames or self.clip.frames, self.clip.height, self.clip.width, 3)
        noise = torch.randint(0, 128, shape, generator=generator)
        of_clips = torch.randint(0, 64, (rows, 1, 1, 1, 3), generator=generator)
        of_frames = torch.randint(0, 64, (rows, shape[1], 1, 1, 3), generator=generator)
        clips = (noise + of_clips + of_frames).to(torch.uint8)
        if not self.has_mask:
            return (clips,)
        mask = torch.ones(clips.shape[:2], dtype=torch.bool)
        mask[0, max(1, clips.shape[1] - 1) :] = False
        return clips, mask
