from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import inception_v3, resnet18, resnet50

from reid_models.architectures.backbones import Trunk, TrunkSpec, build_trunk
from reid_models.architectures.se_resnet import SEBottleneck, SqueezeExcite
from reid_models.architectures.weights import WeightsError
from reid_models.pixels import IMAGENET_MEAN, IMAGENET_STD
from testing.architectures.golden import architecture, assert_close, output_shapes, parameters

RESNET18 = TrunkSpec("resnet18", last_stride=2)


@pytest.fixture(scope="module")
def resnet18_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as torchvision's are, with a classifier on top and statistics of its own."""
    torch.manual_seed(0)
    network = resnet18()
    network(torch.randn(2, 3, 64, 32))
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(network.state_dict(), path)
    return path


def normalised(frames: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    return (frames - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)


def test_with_a_checkpoints_weights_it_is_torchvisions_network_up_to_the_pooling(resnet18_file: Path) -> None:
    published = resnet18()
    published.load_state_dict(torch.load(resnet18_file))
    published.fc = nn.Identity()
    trunk = build_trunk(RESNET18, weights=str(resnet18_file)).eval()
    clips = torch.rand(2, 3, 3, 64, 32)
    expected = published.eval()(normalised(clips.flatten(0, 1), IMAGENET_MEAN, IMAGENET_STD))
    assert_close(trunk(trunk.frames(clips)).mean(dim=(2, 3)), expected, 1e-4)


def test_inception_takes_pixels_between_minus_1_and_1(tmp_path: Path) -> None:
    torch.manual_seed(0)
    published = inception_v3(init_weights=False, aux_logits=True)
    torch.save(published.state_dict(), tmp_path / "inception.pth")
    published.fc = nn.Identity()
    trunk = build_trunk(TrunkSpec("inception_v3", last_stride=2), weights=str(tmp_path / "inception.pth")).eval()
    clips = torch.rand(1, 1, 3, 107, 107)
    expected = published.eval()(2 * clips[0] - 1)
    assert_close(trunk(trunk.frames(clips)).mean(dim=(2, 3)), expected, 1e-4)


def test_bytes_are_brought_to_fractions() -> None:
    trunk = build_trunk(RESNET18, depths=(1, 1, 1, 1))
    clips = torch.randint(0, 256, (2, 2, 3, 8, 8), dtype=torch.uint8)
    expected = normalised(clips.flatten(0, 1) / 255, IMAGENET_MEAN, IMAGENET_STD)
    assert_close(trunk.frames(clips), expected, 1e-6)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (1, 2, 8, 8, 3)])
def test_other_shapes_than_clips_are_refused(shape: tuple[int, ...]) -> None:
    trunk = build_trunk(RESNET18, depths=(1, 1, 1, 1))
    with pytest.raises(ValueError, match=r"expected clips \(B, T, 3, H, W\) with T > 0, found"):
        trunk.frames(torch.rand(shape))


@pytest.mark.shared
def test_resnet_50_has_the_published_parameters(shared: Path) -> None:
    published = architecture(shared, "tkp_image")
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("resnet50"))
        clips = torch.rand(1, 2, 3, 256, 128)
    stem = sum(published.parameters("blocks", name) for name in ("conv1", "bn1"))
    assert parameters(trunk.stage1) == stem
    stages = {f"layer{number}": trunk.stages[number] for number in range(1, 5)}
    for name, stage in stages.items():
        assert parameters(stage) == published.parameters("blocks", name)
    for name, shape in output_shapes(Frames(trunk), clips, stages).items():
        assert shape == published.shape(name)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "last_stride"), [("se_resnet50_cosam45_tp", 1), ("se_resnet50_cosam45_ta", 2)])
def test_se_resnet_50_has_the_published_parameters(shared: Path, name: str, last_stride: int) -> None:
    published = architecture(shared, name)
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("se_resnet50", last_stride=last_stride))
        clips = torch.rand(1, 4, 3, 256, 128)
    stages = {f"layer{number}": stage for number, stage in enumerate(trunk.stages)}
    for stage_name, stage in stages.items():
        assert parameters(stage) == published.parameters("blocks", "backbone", stage_name)
    for stage_name, shape in output_shapes(Frames(trunk), clips, stages).items():
        assert shape == published.shape(stage_name)


class Frames(nn.Module):
    """A trunk that is fed clips."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, clips: Tensor) -> Tensor:
        maps: Tensor = self.trunk(self.trunk.frames(clips))
        return maps


@pytest.mark.parametrize("size", [(256, 128), (300, 148)])
@pytest.mark.parametrize("last_stride", [1, 2])
@pytest.mark.parametrize("kind", ["resnet18", "resnet50", "se_resnet50"])
def test_map_sizes_are_those_of_the_maps(kind: str, last_stride: int, size: tuple[int, int]) -> None:
    spec = TrunkSpec(kind, last_stride=last_stride)  # type: ignore[arg-type]  # the table has only names of kinds
    with torch.device("meta"):
        trunk = build_trunk(spec, depths=(1, 1, 1, 1))
        maps = trunk.frames(torch.rand(1, 1, 3, *size))
    for number, stage in enumerate(trunk.stages, start=1):
        maps = stage(maps)
        assert trunk.map_size(*size, stage=number) == tuple(maps.shape[2:])
        assert trunk.widths[number - 1] == maps.shape[1]


def test_a_last_stride_of_1_keeps_the_weights_and_doubles_the_map(resnet18_file: Path) -> None:
    coarse = build_trunk(RESNET18, weights=str(resnet18_file))
    fine = build_trunk(TrunkSpec("resnet18", last_stride=1), weights=str(resnet18_file))
    fine.load_state_dict(coarse.state_dict())
    frames = torch.rand(1, 3, 64, 64)
    assert (coarse(frames).shape, fine(frames).shape) == ((1, 512, 2, 2), (1, 512, 4, 4))


def test_what_does_not_fit_is_said_by_name(resnet18_file: Path) -> None:
    expected = (
        r"does not fit: missing: stage2\.0\.bn3\.bias, .* and \d+ more; "
        r"of another shape: stage2\.0\.conv1\.weight \(64, 64, 3, 3\) where \(64, 64, 1, 1\) is expected, .* more$"
    )
    with pytest.raises(WeightsError, match=expected):
        build_trunk(TrunkSpec("resnet50"), weights=str(resnet18_file))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"layer5.0.conv1.weight": torch.zeros(1)}, "not of this network: stage6.0.conv1.weight"),
        ({"conv1.bias": torch.zeros(64)}, "not of this network: stage1.conv1.bias"),
        ({"bn1.weight": torch.zeros(3)}, r"of another shape: stage1.bn1.weight \(3,\) where \(64,\) is expected"),
    ],
)
def test_a_checkpoint_that_is_nearly_right_is_refused(
    resnet18_file: Path, tmp_path: Path, change: dict[str, Tensor], expected: str
) -> None:
    torch.save({**torch.load(resnet18_file), **change}, tmp_path / "changed.pth")
    with pytest.raises(WeightsError, match=expected):
        build_trunk(RESNET18, weights=str(tmp_path / "changed.pth"))


def test_counters_of_batches_may_be_absent(resnet18_file: Path, tmp_path: Path) -> None:
    """torchvision's oldest files were written before batch norm counted."""
    state = {key: value for key, value in torch.load(resnet18_file).items() if "num_batches" not in key}
    torch.save(state, tmp_path / "old.pth")
    trunk = build_trunk(RESNET18, weights=str(tmp_path / "old.pth"))
    assert torch.equal(trunk.state_dict()["stage1.bn1.running_mean"], state["bn1.running_mean"])


def test_torchvisions_weights_are_known_by_name(
    resnet18_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "resnet18-f37072fd.pth"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(resnet18_file.read_bytes())
    trunk = build_trunk(RESNET18, weights="ResNet18_Weights.IMAGENET1K_V1")
    assert torch.equal(trunk.state_dict()["stage1.conv1.weight"], torch.load(resnet18_file)["conv1.weight"])


@pytest.mark.parametrize("weights", ["resnet18.pth", "ResNet18_Weights.NOTHING", "Resnet99_Weights.IMAGENET1K_V1"])
def test_weights_that_are_not_there_are_said_to_be_so(weights: str) -> None:
    with pytest.raises(WeightsError, match=f"expected a file with a state dict or a name .* found {weights}"):
        build_trunk(RESNET18, weights=weights)


@pytest.mark.parametrize("found", [b"", b"not a checkpoint", None])
def test_a_file_without_a_state_dict_is_refused(found: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    if found is None:
        torch.save({"state_dict": {}}, path)
    else:
        path.write_bytes(found)
    with pytest.raises(WeightsError, match=r"weights\.pth: expected "):
        build_trunk(RESNET18, weights=str(path))


def test_a_whole_pickled_network_is_not_unpickled(tmp_path: Path) -> None:
    torch.save(resnet50(), tmp_path / "network.pth")
    with pytest.raises(WeightsError, match="expected a state dict"):
        build_trunk(TrunkSpec("resnet50"), weights=str(tmp_path / "network.pth"))


def test_channels_are_weighted_by_what_the_map_holds() -> None:
    block = SqueezeExcite(16)
    nn.init.zeros_(block.fc2.weight)
    assert block.fc2.bias is not None
    nn.init.constant_(block.fc2.bias, 20.0)
    maps = torch.randn(2, 16, 3, 3)
    assert_close(block(maps), maps, 1e-6)
    nn.init.zeros_(block.fc2.bias)
    assert_close(block(maps), maps / 2, 1e-6)


def test_the_stride_of_an_se_bottleneck_is_in_its_first_convolution() -> None:
    block = SEBottleneck(64, 32, stride=2)
    assert (block.conv1.stride, block.conv2.stride) == ((2, 2), (1, 1))


def test_specs_that_are_no_network_are_refused() -> None:
    with pytest.raises(ValueError, match="last_stride is 1 or 2, found 3"):
        TrunkSpec("resnet18", last_stride=3)
    with pytest.raises(ValueError, match="inception_v3 has a last_stride of 2"):
        TrunkSpec("inception_v3", last_stride=1)
    with pytest.raises(ValueError, match="no depths"):
        build_trunk(TrunkSpec("inception_v3", last_stride=2), depths=(1, 1, 1, 1))
