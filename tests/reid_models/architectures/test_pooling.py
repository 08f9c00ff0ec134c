from pathlib import Path

import pytest
import torch

from reid_models.architectures.aggregation import Recurrent, TemporalAttention, TemporalMean
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.heads import linear_head
from reid_models.architectures.pooling import Pooling
from reid_runtime.card import ClipSpec
from testing.architectures.golden import Change, architecture, assert_close, golden, load, parameters

ATTENTION = {"attention_conv": "map_linear", "attention_tconv": "time_conv"}
AS_LINEAR: dict[str, Change] = {"attention_conv.weight": lambda weight: weight.flatten(1)}
"""A kernel as large as the map is a row of a linear layer."""


@pytest.mark.shared
def test_the_attention_is_gaos(shared: Path) -> None:
    numbers = golden(shared, "gao_ta")
    layer = TemporalAttention(24, (7, 4), middle=16)
    load(layer, numbers, ATTENTION, changes=AS_LINEAR)
    assert_close(layer.scores(numbers["x"]), numbers["score_before_relu"], 1e-5)
    assert_close(layer(numbers["x"]).embedding, numbers["out"], 1e-5)


@pytest.mark.shared
def test_the_aggregations_are_cosams(shared: Path) -> None:
    numbers = golden(shared, "cosam_aggregation")
    clips = numbers["x"].unflatten(0, (int(numbers["b"]), int(numbers["t"])))
    attention = TemporalAttention(8, (8, 4))
    load(attention, numbers, ATTENTION, prefix="ta.", changes=AS_LINEAR)
    recurrent = Recurrent(8, hidden=12)
    load(recurrent, numbers, {}, prefix="rnn.")
    assert_close(TemporalMean(8)(clips).embedding, numbers["out_tp"], 1e-5)
    assert_close(attention.scores(clips), numbers["ta_score_before_relu"], 1e-5)
    assert_close(attention(clips).embedding, numbers["out_ta"], 1e-5)
    assert_close(recurrent(clips).embedding, numbers["out_rnn"], 1e-5)


@pytest.mark.shared
def test_the_networks_are_as_large_as_gaos(shared: Path) -> None:
    clip = ClipSpec(frames=4, height=224, width=112)
    with torch.device("meta"):
        clips = torch.rand(1, 4, 3, 224, 112)
        mean = Pooling(build_trunk(TrunkSpec("resnet50", last_stride=2)), clip)
        attention = Pooling(build_trunk(TrunkSpec("resnet50", last_stride=2)), clip, aggregation="attention")
    head = linear_head(2048, 625)
    for name, network in (("gao_ResNet50TP", mean), ("gao_ResNet50TA", attention)):
        published = architecture(shared, name)
        assert parameters(network, head) == published.parameters("total_params")
        assert network(clips).embedding.shape == published.shape("OUTPUT")


def test_the_neck_is_behind_what_triplets_are_taken_from() -> None:
    torch.manual_seed(0)
    clip = ClipSpec(frames=2, height=64, width=32)
    network = Pooling(build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1)), clip, neck=True).train()
    features = network(torch.rand(4, 2, 3, 64, 32))
    centred = features.before_neck - features.before_neck.mean(dim=0)
    expected = centred / (centred.square().mean(dim=0) + 1e-5).sqrt()
    assert_close(features.embedding, expected, 1e-3)
    assert_close(features.frames.mean(dim=1), features.before_neck, 1e-5)


def test_maps_of_another_size_than_the_attention_was_built_for_are_refused() -> None:
    layer = TemporalAttention(4, (8, 4))
    with pytest.raises(ValueError, match=r"expected maps of \(8, 4\), found \(8, 8\)"):
        layer(torch.rand(1, 2, 4, 8, 8))
