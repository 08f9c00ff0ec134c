import pytest
import torch
from torch import nn

from reid_models.architectures.stcnet.generators import SpatialGenerator, TemporalGenerator


def images(count: int = 2) -> torch.Tensor:
    return 2 * torch.rand(count, 3, 24, 16, generator=torch.Generator().manual_seed(count)) - 1


def test_the_layers_are_the_papers() -> None:
    """Five convolutions, two of stride 2, and four dilated ones; two transposed ones, back to full size."""
    with torch.device("meta"):
        generator = SpatialGenerator()
        assert generator.encoder(torch.rand(1, 3, 128, 64)).shape == (1, 256, 32, 16)
        assert generator(torch.rand(1, 3, 128, 64)).shape == (1, 3, 128, 64)
    convolutions = [layer for layer in generator.encoder if isinstance(layer, nn.Conv2d)]
    assert [layer.stride[0] for layer in convolutions] == [1, 2, 1, 2, 1, 1, 1, 1, 1]
    assert [layer.dilation[0] > 1 for layer in convolutions] == 5 * [False] + 4 * [True]
    assert sum(isinstance(layer, nn.ConvTranspose2d) for layer in generator.decoder) == 2


def test_what_comes_out_is_an_image() -> None:
    made = SpatialGenerator(channels=(6, 6, 8))(3 * images())
    assert made.abs().max() <= 1
    assert made.std() > 0.1


@torch.no_grad()
def test_the_first_weights_let_the_signal_through() -> None:
    torch.manual_seed(0)
    seen = SpatialGenerator(channels=(16, 16, 32)).encoder(2 * torch.rand(1, 3, 128, 64) - 1)
    assert 0.3 < float(seen.std()) < 3


@pytest.mark.parametrize("keeps_current", [True, False])
def test_each_of_the_three_frames_counts(keeps_current: bool) -> None:
    torch.manual_seed(0)
    generator = TemporalGenerator(channels=(6, 6, 8), dilations=(2,), keeps_current=keeps_current)
    frames = [images(), images().flip(2), images().flip(3)]
    made = generator(*frames)
    for index in range(3):
        changed = [-frame if number == index else frame for number, frame in enumerate(frames)]
        assert (generator(*changed) - made).abs().max() > 1e-4
