from pathlib import Path

import pytest
import torch

from reid_models.architectures.ap3d import Ap3d, AppearanceConvolution
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from testing.architectures.golden import assert_close, golden, load, parameters

NAMES = {
    "APM.semantic_mapping": "appearance.semantic",
    "APM.x_mapping": "appearance.own",
    "APM.n_mapping": "appearance.other",
    "APM.contrastive_att_net.0": "appearance.gate",
    "temporal_conv3d": "temporal",
}


@pytest.mark.shared
def test_the_convolution_agrees_with_the_published_one(shared: Path) -> None:
    numbers = golden(shared, "ap3d_appc")
    spatial = numbers["w.spatial_conv3d.weight"].squeeze(2)
    maps_BTCHW = numbers["x"].transpose(1, 2)
    inner = torch.nn.functional.conv2d(maps_BTCHW.flatten(0, 1), spatial, padding=1).unflatten(0, maps_BTCHW.shape[:2])
    assert_close(inner.transpose(1, 2), numbers["apm_in"], 1e-5)
    convolution = AppearanceConvolution(32).eval()
    own = {key: value for key, value in numbers.items() if key != "w.spatial_conv3d.weight"}
    taps_first = {
        "temporal_conv3d.weight": lambda weight: weight[..., 0, 0].transpose(1, 2).flatten(1)[..., None, None]
    }
    load(convolution, own, NAMES, changes=taps_first)
    before, after = convolution.appearance(inner).unbind(2)
    seen = torch.stack([before, inner, after], dim=2).flatten(1, 2)
    assert_close(seen.transpose(1, 2), numbers["apm_out"], 1e-5)
    assert_close(convolution(inner).transpose(1, 2), numbers["out"], 1e-5)


def test_it_has_as_many_parameters_as_the_paper_says() -> None:
    """25.524 M with the classifier of 625 persons."""
    with torch.device("meta"):
        network = Ap3d(build_trunk(TrunkSpec("resnet50")))
        classifier = torch.nn.Linear(2048, 625)
    assert f"{parameters(network, classifier) / 1e6:.3f}" == "25.524"


def test_at_the_start_it_is_the_network_on_single_frames() -> None:
    torch.manual_seed(0)
    network = Ap3d(build_trunk(TrunkSpec("resnet50"), depths=(1, 1, 2, 1))).eval()
    clips = torch.rand(2, 3, 3, 64, 32)
    maps_NCHW = network.trunk(network.trunk.frames(clips))
    assert_close(network(clips).frames.flatten(0, 1), maps_NCHW.amax(dim=(2, 3)), 1e-4)


def test_a_frame_sees_its_neighbours_and_no_others() -> None:
    torch.manual_seed(0)
    convolution = AppearanceConvolution(32).eval()
    torch.nn.init.normal_(convolution.temporal.weight)
    maps = torch.randn(1, 6, 32, 4, 2)
    other = maps.clone()
    other[:, 2] += 1
    changed = (convolution(other) - convolution(maps)).abs().amax(dim=(0, 2, 3, 4))
    assert (changed > 1e-3).tolist() == [False, True, True, True, False, False]
