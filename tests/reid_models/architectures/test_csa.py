from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.csa import CrossPooling, Csa, PairClassifier, SelfPooling, snippet_distance
from testing.architectures.golden import assert_close, golden, load

KEYS = {"featK": "key", "featK_bn": "key_norm", "featQ": "query_linear", "featQ_bn": "query_norm"}


@pytest.fixture(scope="module")
def numbers(shared: Path) -> dict[str, Tensor]:
    return golden(shared, "csa_pooling")


@pytest.fixture(scope="module")
def self_pooling(numbers: dict[str, Tensor]) -> SelfPooling:
    pooling = SelfPooling(32, 16).eval()
    load(pooling, numbers, KEYS, prefix="self.")
    return pooling


@pytest.mark.shared
def test_self_pooling_agrees_with_the_published_one(numbers: dict[str, Tensor], self_pooling: SelfPooling) -> None:
    query = self_pooling.query(numbers["raw"])
    pooled = (self_pooling(numbers["raw"], query) * numbers["value"]).sum(dim=1)
    assert_close(query[::2], numbers["self_query_probe"], 1e-5)
    assert_close(pooled[::2], numbers["self_probe"], 1e-5)
    assert_close(pooled[1::2], numbers["self_gallery"], 1e-5)


@pytest.mark.shared
def test_cross_pooling_agrees_with_the_published_one(numbers: dict[str, Tensor], self_pooling: SelfPooling) -> None:
    pooling = CrossPooling(32, 16).eval()
    load(pooling, numbers, KEYS, prefix="cross.")
    query = self_pooling.query(numbers["raw"][::2])
    assert_close(pooling(numbers["value"][1::2], numbers["raw"][1::2], query), numbers["cross_gallery"], 1e-5)


@pytest.mark.shared
def test_the_classifier_of_pairs_agrees_with_the_published_one(numbers: dict[str, Tensor]) -> None:
    classifier = PairClassifier(16).eval()
    load(classifier, numbers, {"classifierBN": "norm", "classifierlinear": "linear"}, prefix="cls.")
    assert_close(classifier(numbers["self_probe"], numbers["self_gallery"]), numbers["pair_logits"], 1e-5)


def test_the_classifier_takes_galleries_that_were_pooled_for_each_probe() -> None:
    classifier = PairClassifier(4).eval()
    probes, galleries = torch.randn(3, 4), torch.randn(5, 4)
    expected = classifier(probes, galleries)
    assert_close(classifier(probes, galleries.expand(3, 5, 4)), expected, 1e-6)


def test_frames_of_a_snippet_that_agree_count_alike() -> None:
    pooling = SelfPooling(6, 4).eval()
    raw = torch.randn(1, 1, 6).expand(2, 5, 6)
    assert_close(pooling(raw, pooling.query(raw)), torch.full((2, 5, 4), 0.2), 1e-6)


def test_only_the_nearest_pairs_of_snippets_count() -> None:
    distances = torch.linspace(0.05, 0.95, 20).reshape(4, 5)
    logits = torch.stack([distances.log(), (1 - distances).log()], dim=2)
    at_most = np.percentile(distances.numpy(), 20)
    expected = distances[distances <= at_most].mean()
    assert float(snippet_distance(logits)) == pytest.approx(float(expected), abs=1e-6)
    assert float(snippet_distance(logits)) < 0.21


def small(*, has_flow: bool = False) -> Csa:
    torch.manual_seed(0)
    return Csa(build_trunk(TrunkSpec("resnet50", last_stride=2), depths=(1, 1, 1, 1)), has_flow=has_flow).eval()


def test_frame_features_have_length_one() -> None:
    frames = small()(torch.rand(1, 3, 3, 64, 32)).frames
    assert_close(frames.norm(dim=2), torch.ones(1, 3), 1e-5)


def test_flow_is_added_to_the_colours_in_the_first_layer() -> None:
    network = small(has_flow=True)
    clips, flow = torch.rand(1, 2, 3, 64, 32), torch.rand(1, 2, 2, 64, 32)
    still = network(clips, flow_BTCHW=torch.zeros_like(flow))
    plain = small()
    plain.load_state_dict({key: value for key, value in network.state_dict().items() if key != "flow_conv.weight"})
    assert_close(still.embedding, plain(clips).embedding, 1e-6)
    assert (network(clips, flow_BTCHW=flow).embedding - still.embedding).abs().max() > 1e-4


def test_flow_without_a_place_for_it_is_refused_and_the_other_way_round() -> None:
    clips, flow = torch.rand(1, 2, 3, 64, 32), torch.rand(1, 2, 2, 64, 32)
    with pytest.raises(ValueError, match="expected no flow beside the clips, found one"):
        small()(clips, flow_BTCHW=flow)
    with pytest.raises(ValueError, match="expected a flow beside the clips, found none"):
        small(has_flow=True)(clips)
