from math import exp, log

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from reid_models.architectures.attribute_transfer import (
    AttributeTransfer,
    PredictedAttributes,
    identity_labels,
    squared_mmd,
    weighted_bce,
)
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from testing.architectures.golden import assert_close


@pytest.fixture
def network() -> AttributeTransfer:
    torch.manual_seed(0)
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))
    return AttributeTransfer(trunk, 5, feature_width=16).eval()


def test_an_image_alone_is_what_it_is_among_others_and_in_a_clip(network: AttributeTransfer) -> None:
    clips = torch.randint(0, 256, (2, 3, 3, 64, 32), dtype=torch.uint8)
    with torch.inference_mode():
        together: PredictedAttributes = network(clips)
        alone: PredictedAttributes = network(clips[1:, 2:])
    assert together.logits.shape == (2, 3, 5)
    assert_close(together.logits[1:, 2:], alone.logits, 1e-5)
    assert_close(together.features[1:, 2:], alone.features, 1e-5)


def test_both_losses_together_teach_every_parameter(network: AttributeTransfer) -> None:
    network.train()
    source, target = network(torch.rand(4, 1, 3, 64, 32)), network(torch.rand(4, 1, 3, 64, 32))
    labels = torch.rand(4, 5) > 0.5
    loss = weighted_bce(source.logits.flatten(0, 1), labels, torch.full((5,), 0.3))
    (loss + squared_mmd(source.features.flatten(0, 1), target.features.flatten(0, 1))).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())


def test_wbce_of_two_known_answers() -> None:
    """p = 1/2 throughout; one attribute is there (r = 0.2), the other is not (r = 0.1)."""
    loss = weighted_bce(torch.zeros(1, 2), torch.tensor([[1, 0]]), torch.tensor([0.2, 0.1]), sigma=0.5)
    assert float(loss) == pytest.approx(log(2) * (exp(0.8 / 0.25) + exp(0.1 / 0.25)) / 2, rel=1e-5)


def test_of_attributes_that_half_the_people_have_wbce_is_bce_times_a_constant() -> None:
    logits, labels = torch.randn(6, 4), (torch.rand(6, 4) > 0.5).float()
    expected = exp(0.5) * F.binary_cross_entropy_with_logits(logits, labels)
    assert_close(weighted_bce(logits, labels, torch.full((4,), 0.5)), expected, 1e-6)


def test_a_missed_rare_attribute_costs_more_than_a_missed_common_one() -> None:
    logits = torch.tensor([[-2.0]])
    rare, common = (weighted_bce(logits, torch.ones(1, 1), torch.tensor([rate])) for rate in (0.05, 0.9))
    assert rare > 2 * common


def test_wbce_stays_finite_where_the_network_is_surely_wrong() -> None:
    loss = weighted_bce(torch.tensor([[200.0, -200.0]]), torch.tensor([[0, 1]]), torch.tensor([0.1, 0.1]))
    assert float(loss) == pytest.approx(200 * (exp(0.1) + exp(0.9)) / 2, rel=1e-5)


@pytest.mark.parametrize("rates", [torch.rand(3), torch.rand(2, 4)])
def test_rates_that_are_not_one_per_attribute_are_refused(rates: Tensor) -> None:
    with pytest.raises(ValueError, match=r"expected logits and labels \(N, A\) and rates \(A,\)"):
        weighted_bce(torch.zeros(2, 4), torch.zeros(2, 4), rates)


def test_mmd_of_two_points_is_the_kernel_between_their_directions() -> None:
    """At right angles: sqrt(2) apart at length 1."""
    found = squared_mmd(torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 0.8]]))
    assert float(found) == pytest.approx(2 - 2 * exp(-2 / (2 * 0.25)), rel=1e-5)


def test_mmd_teaches_features_as_long_as_a_layer_makes_them() -> None:
    """512 numbers of about 1: lengths of 20, where a kernel of width 0.5 on the features themselves is dead."""
    generator = torch.Generator().manual_seed(0)
    source = torch.rand(16, 512, generator=generator)
    target = torch.relu(torch.rand(16, 512, generator=generator) - 0.3).requires_grad_()
    loss = squared_mmd(source, target)
    loss.backward()
    assert target.grad is not None
    moved = squared_mmd(source, target.detach() - 100 * target.grad)
    assert float(moved) < 0.9 * float(loss.detach())


def test_mmd_of_a_set_and_itself_is_0_in_any_order() -> None:
    features = 50 * torch.rand(6, 8)
    assert_close(squared_mmd(features, features.flip(0)), torch.zeros(()), 1e-6)


def test_mmd_grows_with_the_distance_and_is_the_same_both_ways() -> None:
    generator = torch.Generator().manual_seed(0)
    source, target = torch.rand(8, 3, generator=generator), torch.rand(5, 3, generator=generator)
    aside = torch.tensor([1.0, 0.0, 0.0])
    near, far = squared_mmd(source, target + 0.5 * aside), squared_mmd(source, target + 2 * aside)
    assert near < far
    assert_close(squared_mmd(target + 2 * aside, source), far, 1e-6)


def test_mmd_pulls_the_sets_together_also_where_images_coincide() -> None:
    target = torch.tensor([[1.0, 0.5], [1.0, 0.0]], requires_grad=True)
    squared_mmd(torch.tensor([[1.0, 0.0]] * 2), target).backward()
    assert target.grad is not None
    assert target.grad.isfinite().all()
    assert target.grad[0, 1] > 0


def test_features_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(N, F\) and \(M, F\)"):
        squared_mmd(torch.zeros(2, 3), torch.zeros(2, 4))


def test_an_identity_has_what_its_images_have_on_average() -> None:
    probabilities = torch.tensor([[0.9, 0.1], [0.2, 0.9], [0.125, 0.25], [0.0, 0.75]])
    labels = identity_labels(probabilities, torch.tensor([7, 3, 7, 3]))
    assert labels.tolist() == [[False, True], [True, False]]


def test_exactly_half_is_enough() -> None:
    assert identity_labels(torch.tensor([[0.25], [0.75]]), torch.tensor([1, 1])).tolist() == [[True]]


def test_an_identity_for_each_image_is_expected() -> None:
    with pytest.raises(ValueError, match="expected one identity per row"):
        identity_labels(torch.zeros(3, 2), torch.tensor([1, 2]))
