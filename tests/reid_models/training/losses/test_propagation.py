from pathlib import Path

import pytest
import torch

from reid_models.training.losses.propagation import distance_propagation, feature_propagation
from testing.architectures.golden import assert_close, golden


@pytest.mark.shared
def test_what_is_propagated_agrees_with_the_published_losses(shared: Path) -> None:
    numbers = golden(shared, "tkp_losses")
    images, frames = numbers["img_feat"].requires_grad_(), numbers["vid_frame_feat"]
    of_features = feature_propagation(images, frames)
    (slope,) = torch.autograd.grad(of_features, images)
    assert float(of_features.detach()) == pytest.approx(float(numbers["loss_F"]), abs=1e-5)
    assert_close(slope, numbers["grad_F_img"], 1e-6)
    of_distances = distance_propagation(images, frames)
    (slope,) = torch.autograd.grad(of_distances, images)
    assert float(of_distances.detach()) == pytest.approx(float(numbers["loss_D_code"]), abs=1e-5)
    assert_close(slope, numbers["grad_D_code_img"], 1e-6)
    printed = distance_propagation(images, frames, form="paper")
    assert float(printed.detach()) == pytest.approx(float(numbers["loss_D_paper"]), abs=1e-4)


def test_the_video_network_learns_nothing_from_it() -> None:
    images, frames = torch.randn(6, 3, requires_grad=True), torch.randn(6, 3, requires_grad=True)
    (feature_propagation(images, frames) + distance_propagation(images, frames)).backward()
    assert frames.grad is None
    assert images.grad is not None
    assert images.grad.any()
