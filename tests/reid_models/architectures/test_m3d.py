import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, conv1x1

from reid_models.architectures.backbones import Trunk, TrunkSpec, build_trunk
from reid_models.architectures.heads import neck_head
from reid_models.architectures.layout import frames_to_clips
from reid_models.architectures.m3d import M3D, M3DLayer, ResidualAttention, SpatialStream, TwoStreamM3D, run_bottleneck
from testing.architectures.golden import architecture, assert_close, golden, load, output_shapes, parameters

BRANCHES = {
    f"{kind}{k}": f"branches.{k - 1}.{ours}" for kind, ours in (("conv", "conv"), ("bn", "norm")) for k in (1, 2, 3)
}
ATTENTION = {
    f"{layer}_{letter}": f"{factor}.{index}"
    for letter, factor in (("s", "spatial"), ("c", "channel"), ("t", "temporal"))
    for layer, index in (("conv1", 0), ("bn", 2), ("conv2", 3))
}


def shallow(*, last_stride: int = 1) -> Trunk:
    torch.manual_seed(0)
    return build_trunk(TrunkSpec("resnet50", last_stride=last_stride), depths=(1, 1, 1, 1)).eval()


def bottleneck(width: int, planes: int, *, stride: int = 1) -> Bottleneck:
    shortcut = nn.Sequential(conv1x1(width, planes * 4, stride), nn.BatchNorm2d(planes * 4))
    return Bottleneck(width, planes, stride=stride, downsample=shortcut).eval()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["m3d_layer_s1", "m3d_layer_s2"])
def test_the_layer_is_the_published_one(shared: Path, name: str) -> None:
    numbers = golden(shared, name)
    layer = M3DLayer(12, branches=int(numbers["layers"]), time_stride=int(numbers["stride"]))
    load(layer, numbers, BRANCHES)
    assert_close(layer.eval()(numbers["x"].transpose(1, 2)).transpose(1, 2), numbers["out"], 1e-5)


@pytest.mark.shared
def test_the_bottleneck_is_the_published_one(shared: Path) -> None:
    numbers = golden(shared, "m3d_bottleneck")
    frames, stride = int(numbers["frames"]), int(numbers["stride"])
    both = nn.ModuleDict(
        {"block": bottleneck(16, 8, stride=stride), "layer": M3DLayer(8, branches=3, time_stride=stride)}
    )
    names = {name: f"block.{name}" for name, _ in both["block"].named_children()}
    names |= {f"conv2_t.{name}": f"layer.{ours}" for name, ours in BRANCHES.items()}
    load(both.eval(), numbers, names)
    found = run_bottleneck(both["block"], both["layer"], frames_to_clips(numbers["x"], frames))
    assert_close(found.flatten(0, 1), numbers["out"], 2e-5)


@pytest.mark.shared
def test_the_attention_is_the_published_one(shared: Path) -> None:
    numbers = golden(shared, "m3d_attention")
    attention = ResidualAttention(32, int(numbers["frames"]))
    load(attention, numbers, ATTENTION)
    maps = frames_to_clips(numbers["x"], int(numbers["frames"]))
    masked = attention.eval().mask(maps) * maps
    assert_close(masked.flatten(0, 1), numbers["out"], 1e-5)
    assert_close(attention(maps), maps / 2 + masked, 1e-6)


@pytest.mark.shared
@pytest.mark.parametrize(("published", "has_attention", "last_stride"), [("m3d", False, 1), ("m3d_attention", True, 2)])
def test_parameters_and_shapes_are_the_published_ones(
    shared: Path, published: str, has_attention: bool, last_stride: int
) -> None:
    expected = architecture(shared, published)
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("resnet50", last_stride=last_stride))
        network = M3D(trunk, 8, has_attention=has_attention).eval()
        head = neck_head(network.feat.out_features, 625)
        stages = {f"layer{number}": list(trunk.stages[number].children())[-1] for number in (1, 2, 3, 4)}
        features = network(torch.rand(1, 8, 3, 256, 128))
        found = output_shapes(network, torch.rand(1, 8, 3, 256, 128), stages)
    assert found == {name: expected.shape(name) for name in stages}
    assert features.steps.flatten(0, 1).shape == expected.shape("OUTPUT")
    assert parameters(network, head) == expected.parameters("total_params")
    temporal = [network.stem_layer, *network.layers]
    places = ["conv1_t", *(f"layer{number}.0.conv2_t" for number in (1, 2, 3, 4))]
    assert [parameters(layer) for layer in temporal] == [
        expected.parameters("temporal_layers", place) for place in places
    ]


@pytest.mark.parametrize("branches", [1, 3])
def test_at_the_start_a_bottleneck_is_its_parent(branches: int) -> None:
    block = bottleneck(16, 8)
    maps = torch.randn(2, 4, 16, 6, 4)
    found = run_bottleneck(block, M3DLayer(8, branches=branches).eval(), maps)
    assert_close(found.flatten(0, 1), block(maps.flatten(0, 1)), 1e-6)


@pytest.mark.parametrize(("last_stride", "steps"), [(1, 2), (2, 1)])
def test_at_the_start_an_image_that_stands_still_is_what_the_trunk_makes_of_it(last_stride: int, steps: int) -> None:
    trunk = shallow(last_stride=last_stride)
    network = M3D(trunk, 8).eval()
    image = torch.rand(1, 1, 3, 64, 32)
    features = network(image.expand(1, 8, 3, 64, 32))
    alone = network.feat(trunk(trunk.frames(image)).mean(dim=(2, 3)))
    assert features.steps.shape == (1, steps, 128)
    assert_close(features.steps, alone.expand(1, steps, 128), 1e-5)
    assert_close(features.embedding, alone, 1e-5)


def test_a_layer_that_adds_nothing_yet_learns_to_add() -> None:
    torch.manual_seed(0)
    layer = M3DLayer(4, branches=3)
    maps, wanted = torch.randn(2, 8, 4, 3, 2), torch.rand(2, 8, 4, 3, 2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.001)
    losses = []
    for _ in range(3):
        loss = (layer(maps) - wanted).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(wanted.square().sum().item())
    assert losses[2] < losses[1] < losses[0]
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in layer.parameters())


def awake(layer: M3DLayer) -> M3DLayer:
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, 0.1, 1)
    return layer.eval()


def test_a_layer_reaches_as_far_as_it_has_branches() -> None:
    layer = awake(M3DLayer(2, branches=3))
    maps = torch.rand(1, 11, 2, 3, 2)
    other = maps.clone()
    other[0, 5, :, 1, 1] += 1
    changed = (layer(other) - layer(maps)).abs().amax(dim=(0, 2)) > 1e-6
    assert changed[:, 1, 1].nonzero().flatten().tolist() == [2, 3, 4, 5, 6, 7, 8]
    changed[:, 1, 1] = False
    assert not changed.any(), "a position sees itself alone"


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_a_mask_is_between_0_and_1(size: float) -> None:
    torch.manual_seed(0)
    attention = ResidualAttention(32, 4).eval()
    mask = attention.mask(torch.randn(2, 4, 32, 5, 3) * size)
    assert mask.shape == (2, 4, 32, 5, 3)
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_a_mask_that_is_undecided_leaves_the_maps() -> None:
    attention = ResidualAttention(32, 4).eval()
    nn.init.zeros_(attention.get_parameter("channel.3.weight"))
    maps = torch.randn(1, 4, 32, 5, 3)
    assert_close(attention(maps), maps, 1e-6)


@pytest.mark.parametrize(
    ("has_attention", "last_stride", "built", "found", "message"),
    [
        (False, 1, 8, 6, "multiple of 4 frames, found 6"),
        (False, 2, 8, 12, "multiple of 8 frames, found 12"),
        (False, 1, 8, 0, "with T > 0, found|multiple of 4 frames, found 0"),
        (True, 2, 8, 16, "clips of 8 frames, found 16"),
    ],
)
def test_a_length_that_its_strides_do_not_go_into_is_refused(
    has_attention: bool, last_stride: int, built: int, found: int, message: str
) -> None:
    network = M3D(shallow(last_stride=last_stride), built, has_attention=has_attention)
    with pytest.raises(ValueError, match=message):
        network(torch.zeros(1, found, 3, 64, 32))
    if not has_attention:
        with pytest.raises(ValueError, match=message):
            M3D(shallow(last_stride=last_stride), found)


@pytest.mark.parametrize("kind", ["resnet18", "compact", "efficientnet_lite0"])
def test_a_trunk_without_bottlenecks_gets_the_layers_behind_its_stages(kind: str) -> None:
    torch.manual_seed(0)
    network = M3D(build_trunk(TrunkSpec(kind)), 8).eval()  # type: ignore[arg-type]
    clips = torch.rand(1, 8, 3, 64, 32)
    assert network(clips).steps.shape == (1, 2, 128)
    still = clips[:, :1].expand(-1, 8, -1, -1, -1)
    maps_NCHW = network.trunk(network.trunk.frames(still[:, :1]))
    assert_close(network(still).steps[:, 0], network.feat(maps_NCHW.mean(dim=(2, 3))), 1e-4)


def test_neither_stream_outweighs_the_other() -> None:
    trunk = shallow()
    network = TwoStreamM3D(SpatialStream(copy.deepcopy(trunk)), M3D(trunk, 8)).eval()
    clips = torch.rand(2, 8, 3, 64, 32)
    before = network(clips)
    with torch.no_grad():
        for parameter in network.spatial.feat.parameters():
            parameter.mul_(100)
    after = network(clips)
    halves: Tensor = before.embedding.unflatten(1, (2, 128))
    assert_close(halves.norm(dim=2), torch.ones(2, 2), 1e-5)
    assert_close(after.embedding, before.embedding, 1e-5)
    assert_close(after.spatial, 100 * before.spatial, 1e-2)
    assert_close(after.spatial, after.frames.mean(dim=1), 1e-4)
    assert_close(after.temporal, after.steps.mean(dim=1), 1e-6)
