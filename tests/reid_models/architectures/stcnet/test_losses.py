from math import log

import pytest
import torch

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.heads import linear_head
from reid_models.architectures.stcnet.critics import Discriminator, IdGuider
from reid_models.architectures.stcnet.losses import (
    CriticScores,
    adversarial_loss,
    discriminator_loss,
    generator_loss,
    reconstruction_loss,
)
from reid_models.architectures.stcnet.network import Completion
from reid_models.architectures.stcnet.parts import part_windows, window_height
from testing.architectures.small_stcnet import HEIGHT, WIDTH, inputs, small_stcnet


def test_reconstruction_is_counted_in_the_scale_from_minus_1_to_1() -> None:
    frames = torch.full((2, 3, 8, 4), 0.5)
    loss = reconstruction_loss(frames, Completion(spatial=frames + 0.1, temporal=frames - 0.2))
    assert float(loss) == pytest.approx(2 * 0.3, rel=1e-5)


def test_an_undecided_discriminator_costs_log_2_for_each_answer() -> None:
    undecided = torch.zeros(4)
    assert float(discriminator_loss(undecided, undecided)) == pytest.approx(2 * log(2), rel=1e-5)
    assert float(adversarial_loss(undecided)) == pytest.approx(log(2), rel=1e-5)


def test_what_pleases_one_side_costs_the_other() -> None:
    sure = torch.full((4,), 5.0)
    assert discriminator_loss(sure, -sure) < 0.1 < discriminator_loss(sure, sure)
    assert adversarial_loss(sure) < 0.1 < adversarial_loss(-sure)


def test_the_whole_is_weighed_as_in_the_paper() -> None:
    frames = torch.full((2, 3, 8, 4), 0.5)
    completion = Completion(spatial=frames + 0.1, temporal=frames - 0.2)
    verdicts = CriticScores(
        is_real_globally=torch.zeros(2), is_real_locally=torch.full((2,), -50.0), identities=torch.zeros(2, 10)
    )
    loss = generator_loss(frames, completion, verdicts, torch.tensor([3, 8]))
    assert float(loss) == pytest.approx(0.6 + 0.001 * (log(2) + 50) + 0.1 * log(10), rel=1e-4)


def test_a_step_of_the_generators_teaches_them_and_not_the_guider() -> None:
    network, found, part = small_stcnet().train(), inputs(2), torch.tensor([1, 2])
    whole = Discriminator(HEIGHT, WIDTH, widths=(4, 4, 4))
    local = Discriminator(window_height(HEIGHT), WIDTH, widths=(4, 4, 4))
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))
    guider = IdGuider(trunk, linear_head(trunk.width, 5), size=(48, 32))
    completion: Completion = network(*found.all())
    verdicts = CriticScores(
        is_real_globally=whole(completion.temporal),
        is_real_locally=local(part_windows(completion.temporal, part)),
        identities=guider(completion.temporal),
    )
    generator_loss(found.frames / 255, completion, verdicts, torch.tensor([0, 4])).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
    assert all(parameter.grad is None for parameter in guider.parameters())
