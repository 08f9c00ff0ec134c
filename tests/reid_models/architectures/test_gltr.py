from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.gltr import GLTR, PAPER, RELEASED, DilatedPyramid, GLTRForm
from reid_models.architectures.heads import neck_head
from testing.architectures.golden import architecture, assert_close, golden, load, output_shapes, parameters

OFFICIAL = {
    "feat1": "dtp.branches.0",
    "feat2": "dtp.branches.1",
    "feat3": "dtp.branches.2",
    "Nonlocal_block0": "tsa",
    "Nonlocal_block0.W.0": "tsa.out",
    "Nonlocal_block0.W.1": "tsa.norm",
}


def published_tap(weight: Tensor) -> Tensor:
    """(out, 0, tap, in) -> (out, in, tap)."""
    return weight.squeeze(1).transpose(1, 2)


def shallow(form: GLTRForm = PAPER, *, has_dtp: bool = True, has_tsa: bool = True) -> GLTR:
    torch.manual_seed(0)
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))
    return GLTR(trunk, form=form, has_dtp=has_dtp, has_tsa=has_tsa, frame_width=16).eval()


@pytest.mark.shared
@pytest.mark.parametrize("frames", [16, 37])
def test_the_released_form_is_the_published_head(shared: Path, frames: int) -> None:
    numbers = golden(shared, "gltr_head")
    network = GLTR(build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1)), form=RELEASED)
    head = nn.ModuleDict({"dtp": network.dtp, "tsa": network.tsa}).eval()
    changes = dict.fromkeys(("feat1.weight", "feat2.weight", "feat3.weight"), published_tap)
    load(head, numbers, OFFICIAL, changes=changes)
    pyramid = head["dtp"](numbers[f"x_T{frames}"].T.unsqueeze(0))
    attended = head["tsa"](pyramid)
    assert_close(pyramid[0], numbers[f"dtp_T{frames}"], 1e-5)
    assert_close(attended[0], numbers[f"tsa_T{frames}"], 1e-4)
    assert_close(attended[0].mean(dim=1), numbers[f"out_T{frames}"], 2e-5)


@pytest.mark.shared
@pytest.mark.parametrize(("published", "frames"), [("gltr_train_net", 16), ("gltr_test_net", 12)])
def test_shapes_are_the_published_ones(shared: Path, published: str, frames: int) -> None:
    expected = architecture(shared, published)
    with torch.device("meta"):
        network = GLTR(build_trunk(TrunkSpec("resnet50")), form=RELEASED)
        stages = {f"layer{number}": network.trunk.stages[number] for number in (1, 2, 3, 4)}
        stages |= {"feat": network.feat, "Nonlocal_block0": network.tsa}
        found = output_shapes(network, torch.rand(1, frames, 3, 256, 128), stages)
    assert found == {name: expected.shape(name) for name in stages}
    assert network.width == expected.shape("OUTPUT")[1]


@pytest.mark.shared
def test_parameters_are_the_published_ones(shared: Path) -> None:
    expected = architecture(shared, "gltr_train_net")
    with torch.device("meta"):
        network = GLTR(build_trunk(TrunkSpec("resnet50")), form=RELEASED)
        head = neck_head(network.width, 625)
    assert parameters(network.feat) == expected.parameters("blocks", "feat")
    assert parameters(network.dtp) == 3 * expected.parameters("blocks", "feat1")
    assert parameters(network.tsa) == expected.parameters("blocks", "Nonlocal_block0")
    assert parameters(network, head) == expected.parameters("total_params")


@pytest.mark.parametrize(
    ("form", "has_dtp", "has_tsa", "width"),
    [
        (PAPER, True, True, 384),
        (PAPER, True, False, 384),
        (RELEASED, True, True, 512),
        (RELEASED, True, False, 512),
        (PAPER, False, True, 128),
        (PAPER, False, False, 128),
        (GLTRForm(dilations=(1, 2, 4, 8, 16), keeps_raw=False, branch_norm=True), True, True, 640),
    ],
)
def test_the_embedding_is_as_wide_as_the_parts_make_it(
    form: GLTRForm, has_dtp: bool, has_tsa: bool, width: int
) -> None:
    with torch.device("meta"):
        network = GLTR(build_trunk(TrunkSpec("resnet18")), form=form, has_dtp=has_dtp, has_tsa=has_tsa)
        features = network(torch.rand(2, 5, 3, 64, 32))
    assert features.embedding.shape == (2, width) == (2, network.width)
    assert features.frames.shape == (2, 5, 128)


def test_a_branch_sees_frames_as_far_away_as_its_dilation() -> None:
    torch.manual_seed(0)
    pyramid = DilatedPyramid(4, (1, 2, 4), keeps_raw=False)
    series = torch.randn(1, 4, 11)
    other = series.clone()
    other[0, :, 5] += 1
    changed = (pyramid(other) - pyramid(series)).unflatten(1, (3, 4)).abs().amax(dim=(0, 2)) > 1e-6
    assert [row.nonzero().flatten().tolist() for row in changed] == [[4, 5, 6], [3, 5, 7], [1, 5, 9]]


@pytest.mark.parametrize("form", [PAPER, RELEASED])
def test_at_the_start_the_attention_adds_nothing(form: GLTRForm) -> None:
    clips = torch.rand(2, 6, 3, 64, 32)
    assert_close(shallow(form)(clips).embedding, shallow(form, has_tsa=False)(clips).embedding, 0)


@pytest.mark.parametrize("form", [PAPER, RELEASED])
@pytest.mark.parametrize(("has_dtp", "is_the_same"), [(False, True), (True, False)])
def test_attention_is_blind_to_the_order_of_frames_and_the_pyramid_is_not(
    form: GLTRForm, has_dtp: bool, is_the_same: bool
) -> None:
    network = shallow(form, has_dtp=has_dtp)
    for parameter in network.tsa.parameters():
        nn.init.normal_(parameter)
    clips = torch.rand(1, 6, 3, 64, 32)
    embedding = network(clips).embedding
    difference = (network(clips[:, [3, 0, 5, 1, 4, 2]]).embedding - embedding).abs().max() / embedding.abs().max()
    assert (difference < 1e-4) == is_the_same


def test_without_both_it_is_the_mean_of_the_frames() -> None:
    features = shallow(has_dtp=False, has_tsa=False)(torch.rand(2, 3, 3, 64, 32))
    assert_close(features.embedding, features.frames.mean(dim=1), 1e-6)
