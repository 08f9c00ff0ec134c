import pytest
import torch
from torch import nn

from reid_models.architectures.inflated import inflate_conv, inflate_norm
from reid_models.architectures.layout import frames_to_volume, volume_to_frames
from tests.reid_models.architectures.golden import assert_close


@pytest.mark.parametrize(("time_kernel", "time_dilation"), [(1, 1), (3, 1), (3, 3), (5, 2)])
@pytest.mark.parametrize("parent", [nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.Conv2d(4, 8, 1, groups=2, bias=False)])
def test_an_inflated_convolution_is_its_parent_on_every_frame(
    parent: nn.Conv2d, time_kernel: int, time_dilation: int
) -> None:
    frames = torch.randn(2 * 3, 4, 8, 6)
    inflated = inflate_conv(parent, time_kernel=time_kernel, time_dilation=time_dilation)
    assert_close(volume_to_frames(inflated(frames_to_volume(frames, 3))), parent(frames), 1e-5)


def test_with_a_stride_in_time_it_is_its_parent_on_every_second_frame() -> None:
    parent = nn.Conv2d(4, 4, 3, padding=1)
    frames = torch.randn(1 * 4, 4, 6, 6)
    inflated = inflate_conv(parent, time_kernel=3, time_stride=2)
    assert_close(volume_to_frames(inflated(frames_to_volume(frames, 4))), parent(frames[::2]), 1e-5)


def test_it_learns_over_time() -> None:
    inflated = inflate_conv(nn.Conv2d(2, 2, 1), time_kernel=3)
    inflated(torch.randn(1, 2, 5, 4, 4)).sum().backward()
    assert inflated.weight.grad is not None
    assert (inflated.weight.grad.abs().sum(dim=(0, 1, 3, 4)) > 0).all()


def test_an_even_number_of_frames_has_no_middle() -> None:
    with pytest.raises(ValueError, match="odd time_kernel, found 2"):
        inflate_conv(nn.Conv2d(2, 2, 1), time_kernel=2)


def test_an_inflated_norm_is_its_parent_on_every_frame() -> None:
    parent = nn.BatchNorm2d(4, eps=1e-3)
    parent(torch.randn(8, 4, 3, 3))
    frames = torch.randn(6, 4, 5, 2)
    inflated = inflate_norm(parent).eval()
    assert_close(volume_to_frames(inflated(frames_to_volume(frames, 3))), parent.eval()(frames), 1e-6)
