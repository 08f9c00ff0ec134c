import pytest
import torch
from torch import nn

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.heads import linear_head
from reid_models.architectures.stcnet.critics import Discriminator, IdGuider
from reid_models.architectures.stcnet.parts import window_height
from testing.architectures.golden import assert_close

NARROW = (4, 4, 8, 8, 8, 8)


@pytest.mark.parametrize("height", [128, window_height(128)])
def test_a_discriminator_is_six_convolutions_of_stride_2_for_whole_frames_and_for_parts(height: int) -> None:
    discriminator = Discriminator(height, 64, widths=NARROW).train()
    logits = discriminator(torch.rand(3, 3, height, 64))
    assert logits.shape == (3,)
    strides = [module.stride for module in discriminator.modules() if isinstance(module, nn.Conv2d)]
    assert strides == 6 * [(2, 2)]
    (logits * torch.randn(3)).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in discriminator.parameters())


def test_an_image_is_judged_alone() -> None:
    discriminator = Discriminator(48, 32, widths=NARROW).eval()
    images = torch.rand(3, 3, 48, 32)
    assert_close(discriminator(images)[1:2], discriminator(images[1:2]), 1e-6)


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected images of \(128, 64\) pixels, found \(64, 64\)"):
        Discriminator(128, 64, widths=NARROW)(torch.rand(1, 3, 64, 64))


@pytest.fixture
def guider() -> IdGuider:
    torch.manual_seed(0)
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))
    return IdGuider(trunk, linear_head(trunk.width, 7), size=(64, 32))


def test_the_guider_learns_nothing_and_teaches_the_frames(guider: IdGuider) -> None:
    frames = torch.rand(2, 3, 32, 16, requires_grad=True)
    before = {name: value.clone() for name, value in guider.state_dict().items()}
    logits = guider.train()(frames)
    assert logits.shape == (2, 7)
    logits.logsumexp(dim=1).sum().backward()
    assert frames.grad is not None
    assert frames.grad.any()
    assert all(parameter.grad is None for parameter in guider.parameters())
    assert all(torch.equal(value, before[name]) for name, value in guider.state_dict().items())


def test_a_guider_inside_a_module_in_training_stays_in_eval_mode(guider: IdGuider) -> None:
    nn.ModuleList([guider]).train()
    assert not any(module.training for module in guider.modules())
