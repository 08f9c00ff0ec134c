from math import e, log

import pytest
import torch
from torch import Tensor

from reid_models.architectures.attribute_groups import RAP_GROUPS, AttributeGroup
from reid_models.architectures.attributes import AttributeDriven, AttributeFeatures, printed_entropy
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from testing.architectures.golden import assert_close

GROUPS = (AttributeGroup("head", ("Hat",)), AttributeGroup("shoes", ("Boots", "Sport", "Leather")))
WIDTH = 16


def network(sigma: float | None = 0.5) -> AttributeDriven:
    torch.manual_seed(0)
    trunk = build_trunk(TrunkSpec("resnet18", last_stride=2), depths=(1, 1, 1, 1))
    return AttributeDriven(trunk, groups=GROUPS, segment_width=WIDTH, sigma=sigma).eval()


def described(network: AttributeDriven, clips: Tensor) -> AttributeFeatures:
    with torch.inference_mode():
        features: AttributeFeatures = network(clips)
    return features


def clips() -> Tensor:
    return torch.rand(2, 4, 3, 64, 32, generator=torch.Generator().manual_seed(1))


def test_the_papers_groups_name_66_attributes_once_each() -> None:
    assert [len(group.attributes) for group in RAP_GROUPS] == [4, 6, 21, 14, 13, 8]
    assert len({name for group in RAP_GROUPS for name in group.attributes}) == 66


def test_shapes_are_those_of_the_groups() -> None:
    features = described(network(), clips())
    assert features.embedding.shape == (2, 3 * WIDTH)
    assert features.attribute_logits.shape == (2, 1 + 3)
    assert features.frame_weights.shape == (2, 4, 2)


def test_weights_are_of_the_frames_of_a_clip_and_the_global_segment_has_none() -> None:
    features = described(network(), clips())
    assert_close(features.frame_weights.sum(dim=1), torch.ones(2, 2), 1e-6)
    assert features.frames is not None
    segments = features.frames.unflatten(2, (3, WIDTH))
    merged = (features.frame_weights.unsqueeze(3) * segments[:, :, :2]).sum(dim=1)
    expected = torch.cat([merged.flatten(1), segments[:, :, 2].mean(dim=1)], dim=1)
    assert_close(features.embedding, expected, 1e-5)


@pytest.mark.parametrize(("probability", "entropy"), [(0.5, 0.5 * log(0.5)), (1 / e, -1 / e), (1.0, 0.0), (0.0, 0.0)])
def test_the_entropy_is_the_printed_one_and_sure_at_both_ends(probability: float, entropy: float) -> None:
    logits = torch.full((2, 3), probability).logit(eps=1e-12).clamp(-200, 200)
    assert_close(printed_entropy(logits), torch.full((2,), entropy), 1e-6)


def test_a_frame_weighs_as_much_as_it_is_surer_than_the_others() -> None:
    """Two frames whose one attribute has p = 1 and p = 1/2: weights in the ratio 1 to exp(log(1/2) / 2 / sigma^2)."""
    driven = network(sigma=0.5)
    features = described(driven, clips()[:, :2])
    assert features.frames is not None
    first = features.frames.unflatten(2, (3, WIDTH))[0, :, 0]
    predictor = driven.predictors[0]
    with torch.no_grad():
        direction = first[0] - first[1]
        slope = 100 * direction / direction.square().sum()
        predictor.get_parameter("weight").copy_(slope.unsqueeze(0))
        predictor.get_parameter("bias").copy_(-(slope @ first[1]))
    weights = described(driven, clips()[:, :2]).frame_weights[0, :, 0]
    assert float(weights[1] / weights[0]) == pytest.approx(e ** (0.5 * log(0.5) / 0.25), rel=1e-3)


def test_the_smaller_sigma_the_less_the_other_frames_count() -> None:
    greatest = [float(described(network(sigma), clips()).frame_weights.max()) for sigma in (0.1, 0.5, 1.2)]
    assert greatest == sorted(greatest, reverse=True)
    assert greatest[0] > greatest[-1]


def test_without_sigma_every_frame_counts_the_same() -> None:
    features = described(network(sigma=None), clips())
    assert_close(features.frame_weights, torch.full((2, 4, 2), 0.25), 0)
    assert features.frames is not None
    assert_close(features.embedding, features.frames.mean(dim=1), 1e-5)


def test_no_gradient_flows_through_the_weights() -> None:
    driven = network().train()
    driven(clips()).embedding.sum().backward()
    assert all(parameter.grad is None for parameter in driven.predictors.parameters())
    assert driven.fc1.weight.grad is not None


def test_a_predictor_teaches_its_own_segment_only() -> None:
    driven = network().train()
    driven(clips()).attribute_logits[:, :1].sum().backward()
    assert driven.fc1.weight.grad is not None
    taught = driven.fc1.weight.grad.abs().sum(dim=1).unflatten(0, (3, WIDTH)).sum(dim=1) > 0
    assert taught.tolist() == [True, False, False]


@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_a_sigma_that_is_not_positive_is_refused(sigma: float) -> None:
    with pytest.raises(ValueError, match="expected a positive sigma"):
        network(sigma)
