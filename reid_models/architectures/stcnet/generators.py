"""STCnet's two generators: from the frame alone, and from the frame and its neighbours in time."""

# N frames, C channels, H x W pixels

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from reid_models.architectures.stcnet.attention import SHARPNESS, temporal_attention

Channels = tuple[int, int, int]
CHANNELS: Channels = (64, 128, 256)
DILATIONS = (2, 4, 8, 8)
SHRINKAGE = 4
"""Pixels per position of the encoders' maps, along each side."""


class SpatialGenerator(nn.Module):
    """Fills a frame by what else is in it: images (N, 3, H, W) -> the same shape, both in [-1, 1].

    An auto-encoder after Iizuka, Simo-Serra and Ishikawa ("Globally and Locally Consistent Image Completion", 2017):
    3x3 convolutions with ELU, five that lead to a quarter of the resolution, four dilated ones, two transposed
    convolutions back. G_s in the paper; it is fed (1 - M) * x. H and W are multiples of 4.

    Open in the paper and chosen by us: the channels, at full, half and quarter resolution, which are Iizuka's; the
    dilations, of which Iizuka's last, 16, is 8 here, as at 16 columns its outer taps would never meet a pixel; kernels
    of 4 for the transposed convolutions; a last convolution to colours, and tanh, which keeps them in [-1, 1]; no
    normalisation; the first weights, which keep the variance from layer to layer.
    """

    def __init__(self, *, channels: Channels = CHANNELS, dilations: Sequence[int] = DILATIONS) -> None:
        """Builds it.

        Args:
            channels: at full, half and quarter resolution.
            dilations: of the convolutions in the middle.
        """
        super().__init__()
        self.encoder = encoder(channels, dilations)
        self.decoder = decoder(channels[-1], channels)

    def forward(self, images_NCHW: Tensor) -> Tensor:
        """Images whose dropped region is 0 -> images."""
        made: Tensor = self.decoder(self.encoder(images_NCHW))
        return made


class TemporalGenerator(nn.Module):
    """Fills a frame by what its neighbours show: three times (N, 3, H, W) -> (N, 3, H, W), all in [-1, 1].

    Three encoders as in `SpatialGenerator`, each with weights of its own; temporal attention between the current map
    and that of the frame before, and between it and that of the frame after; what comes out, side by side, into a
    decoder. G_t in the paper; the current frame is x1, which the spatial generator has filled. H and W are multiples
    of 4.

    Ours: the current map goes into the decoder too, or all that it holds would have to come by way of its neighbours.
    """

    def __init__(
        self,
        *,
        channels: Channels = CHANNELS,
        dilations: Sequence[int] = DILATIONS,
        sharpness: float = SHARPNESS,
        keeps_current: bool = True,
    ) -> None:
        """Builds it.

        Args:
            channels: at full, half and quarter resolution.
            dilations: of the convolutions in the middle.
            sharpness: of the attention, see `temporal_attention`.
            keeps_current: whether the decoder sees the current map beside what the attention made of the others.
        """
        super().__init__()
        self.sharpness = sharpness
        self.keeps_current = keeps_current
        self.current = encoder(channels, dilations)
        self.previous = encoder(channels, dilations)
        self.next = encoder(channels, dilations)
        self.decoder = decoder(channels[-1] * (3 if keeps_current else 2), channels)

    def forward(self, current_NCHW: Tensor, previous_NCHW: Tensor, next_NCHW: Tensor) -> Tensor:
        """The frames to fill, and of each one before and one after that nothing hides -> images."""
        maps = self.current(current_NCHW)
        seen = [
            temporal_attention(maps, self.previous(previous_NCHW), sharpness=self.sharpness),
            temporal_attention(maps, self.next(next_NCHW), sharpness=self.sharpness),
        ]
        made: Tensor = self.decoder(torch.cat([maps, *seen] if self.keeps_current else seen, dim=1))
        return made


def encoder(channels: Channels, dilations: Sequence[int]) -> nn.Sequential:
    """(N, 3, H, W) -> (N, channels[2], H / 4, W / 4)."""
    full, half, quarter = channels
    layers = [
        *_convolution(3, full),
        *_convolution(full, half, stride=2),
        *_convolution(half, half),
        *_convolution(half, quarter, stride=2),
        *_convolution(quarter, quarter),
    ]
    for dilation in dilations:
        layers += _convolution(quarter, quarter, dilation=dilation)
    return _begun(nn.Sequential(*layers))


def decoder(width: int, channels: Channels) -> nn.Sequential:
    """(N, width, H / 4, W / 4) -> (N, 3, H, W) in [-1, 1]."""
    full, half, _ = channels
    return _begun(
        nn.Sequential(
            nn.ConvTranspose2d(width, half, 4, stride=2, padding=1),
            nn.ELU(),
            nn.ConvTranspose2d(half, full, 4, stride=2, padding=1),
            nn.ELU(),
            nn.Conv2d(full, 3, 3, padding=1),
            nn.Tanh(),
        )
    )


def _convolution(width_in: int, width: int, *, stride: int = 1, dilation: int = 1) -> Iterator[nn.Module]:
    yield nn.Conv2d(width_in, width, 3, stride=stride, padding=dilation, dilation=dilation)
    yield nn.ELU()


def _begun(layers: nn.Sequential) -> nn.Sequential:
    """Weights of variance 2 / inputs, biases 0."""
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            is_transposed = isinstance(layer, nn.ConvTranspose2d)
            # A transposed convolution of stride 2 sums a quarter of its taps, over the first axis of its weights.
            taps = layer.weight[0, 0].numel() // (layer.stride[0] * layer.stride[1] if is_transposed else 1)
            nn.init.normal_(layer.weight, std=(2 / (layer.in_channels * taps)) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return layers
