import pytest
import torch

from reid_models.architectures.aggregation import Aggregation, Recurrent, TemporalAttention, build_aggregation

MAPS = torch.randn(2, 5, 6, 4, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kind", ["mean", "attention", "recurrent"])
def test_each_says_how_wide_it_is_and_shows_its_frames(kind: Aggregation) -> None:
    layer = build_aggregation(kind, 6, (4, 3))
    features = layer(MAPS)
    assert features.embedding.shape == (2, layer.width)
    torch.testing.assert_close(features.frames, MAPS.mean(dim=(3, 4)))


def test_the_mean_is_that_of_all_frames_and_places() -> None:
    torch.testing.assert_close(build_aggregation("mean", 6, (4, 3))(MAPS).embedding, MAPS.mean(dim=(1, 3, 4)))


def test_attention_that_prefers_none_is_the_mean_and_one_that_does_is_its_frame() -> None:
    layer = TemporalAttention(6, (4, 3))
    torch.nn.init.zeros_(layer.time_conv.weight)
    torch.testing.assert_close(layer(MAPS).embedding, MAPS.mean(dim=(1, 3, 4)))
    torch.nn.init.zeros_(layer.map_linear.weight)
    torch.nn.init.zeros_(layer.map_linear.bias)
    layer.map_linear.weight.data[0, 0] = 1.0
    layer.time_conv.weight.data[0, 0, 1] = 1000.0
    bright = MAPS.clone()
    bright[:, :, 0, 0, 0] = 0.0
    bright[:, 3, 0, 0, 0] = 1.0
    torch.testing.assert_close(layer(bright).embedding, bright.mean(dim=(3, 4))[:, 3])


def test_attention_refuses_maps_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"expected maps of \(4, 3\), found \(3, 4\)"):
        TemporalAttention(6, (4, 3))(MAPS.transpose(3, 4))


def test_a_recurrence_hears_the_order_of_frames() -> None:
    torch.manual_seed(0)
    layer = Recurrent(6, hidden=8)
    assert not torch.allclose(layer(MAPS).embedding, layer(MAPS.flip(1)).embedding, atol=1e-4)
