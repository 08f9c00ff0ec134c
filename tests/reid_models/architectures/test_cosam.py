from pathlib import Path

import pytest
import torch
from torch import Tensor

from reid_models.architectures.aggregation import Aggregation
from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.cosam import Cosam, CosamFeatures, CosamLayer, Form, standardise
from reid_models.architectures.heads import linear_head
from reid_runtime.card import ClipSpec
from testing.architectures.golden import architecture, assert_close, golden, load, output_shapes, parameters

OFFICIAL = {
    "dim_reduction": "reduce",
    "spatial_mask_summary.0": "compare",
    "spatial_mask_summary.1": "summarise.0",
    "spatial_mask_summary.3": "summarise.2",
    "channelwise_attention": "gate",
}
CLIP = ClipSpec(frames=4, height=256, width=128)
SMALL = ClipSpec(frames=4, height=64, width=32)
NETWORKS: list[tuple[str, TrunkSpec, Aggregation, int]] = [
    ("resnet50_cosam45_tp", TrunkSpec("resnet50"), "mean", 2048),
    ("resnet50_cosam45_ta", TrunkSpec("resnet50", last_stride=2), "attention", 2048),
    ("resnet50_cosam45_rnn", TrunkSpec("resnet50"), "recurrent", 512),
    ("se_resnet50_cosam45_tp", TrunkSpec("se_resnet50"), "mean", 2048),
    ("se_resnet50_cosam45_ta", TrunkSpec("se_resnet50", last_stride=2), "attention", 2048),
    ("se_resnet50_cosam45_rnn", TrunkSpec("se_resnet50"), "recurrent", 512),
]


@pytest.fixture(params=["cosam_layer_a", "cosam_layer_b"])
def numbers(shared: Path, request: pytest.FixtureRequest) -> dict[str, Tensor]:
    return golden(shared, request.param)


def published_layer(numbers: dict[str, Tensor]) -> CosamLayer:
    _, width, rows, columns = numbers["x"].shape
    layer = CosamLayer(width, int(numbers["t"]), (rows, columns))
    load(layer, numbers, OFFICIAL)
    return layer.eval()


def clips_of(numbers: dict[str, Tensor]) -> Tensor:
    clips: Tensor = numbers["x"].unflatten(0, (int(numbers["b"]), int(numbers["t"])))
    return clips


@pytest.mark.shared
def test_the_layer_agrees_with_the_published_one(numbers: dict[str, Tensor]) -> None:
    found = published_layer(numbers)(clips_of(numbers))
    frames = int(numbers["t"])
    assert_close(found.spatial.flatten(0, 1).unsqueeze(1), numbers["spatial_mask"], 1e-5)
    channel = found.channel.repeat_interleave(frames, dim=0)[:, :, None, None]
    assert_close(channel, numbers["channel_mask"], 1e-5)
    assert_close(found.maps.flatten(0, 1), numbers["out"], 5e-5)


@pytest.mark.shared
def test_weighed_by_the_identity_the_correlation_is_the_published_cost_volume(numbers: dict[str, Tensor]) -> None:
    layer, clips = published_layer(numbers), clips_of(numbers)
    descriptors = standardise(layer.reduce(numbers["x"])).flatten(2).unflatten(0, clips.shape[:2])
    every_channel = torch.eye(numbers["cost_volume"].shape[1])[:, :, None, None]
    found = layer.correlate(descriptors, every_channel)
    assert_close(found.flatten(0, 1).reshape(numbers["cost_volume"].shape), numbers["cost_volume"], 1e-5)


@pytest.mark.shared
def test_the_printed_form_is_the_gated_part_of_the_released_one(numbers: dict[str, Tensor]) -> None:
    """With the released masks: A is x times the spatial mask, and the paper's output is A times the channel mask."""
    layer, clips = published_layer(numbers), clips_of(numbers)
    layer.form = "paper"
    expected = numbers["x"] * numbers["spatial_mask"] * numbers["channel_mask"]
    assert_close(layer(clips).maps.flatten(0, 1), expected, 5e-5)


def test_the_printed_form_has_one_convolution_as_its_summary() -> None:
    layer = CosamLayer(32, 4, (3, 2), form="paper")
    assert parameters(layer.compare, layer.summarise) == 3 * 3 * 2 + 1
    assert layer(torch.rand(2, 4, 32, 3, 2)).spatial.shape == (2, 4, 3, 2)


@pytest.mark.shared
@pytest.mark.parametrize(("name", "trunk", "aggregation", "width"), NETWORKS)
def test_counts_and_shapes_are_the_published_ones(
    shared: Path, name: str, trunk: TrunkSpec, aggregation: Aggregation, width: int
) -> None:
    published = architecture(shared, name)
    with torch.device("meta"):
        network = Cosam(build_trunk(trunk), CLIP, aggregation=aggregation)
        clips = torch.rand(1, 4, 3, 256, 128)
    is_squeezed = trunk.kind == "se_resnet50"
    first, second = ("3", "4") if is_squeezed else ("2", "3")
    assert parameters(network.trunk) == published.parameters("blocks", "backbone_total")
    assert parameters(network.layers["4"]) == published.parameters("blocks", "cosam", first)
    assert parameters(network.layers["5"]) == published.parameters("blocks", "cosam", second)
    assert parameters(network.aggregation) == published.parameters("blocks", "aggregation")
    head = linear_head(width, 625)
    assert parameters(network, head) == published.parameters("total_params")
    stages = {f"layer{number}": stage for number, stage in enumerate(network.trunk.stages) if number or is_squeezed}
    for stage, shape in output_shapes(network, clips, stages).items():
        assert shape == published.shape(stage)
    assert network(clips).embedding.shape == published.shape("OUTPUT")


SETS = [(2,), (5,), (2, 4), (3, 4, 5), (2, 3, 4, 5)]


@pytest.mark.parametrize("form", ["released", "paper"])
@pytest.mark.parametrize("after", SETS, ids=str)
def test_layers_stand_after_the_stages_asked_for(after: tuple[int, ...], form: Form) -> None:
    with torch.device("meta"):
        network = Cosam(build_trunk(TrunkSpec("resnet18")), SMALL, after=after, form=form)
        features: CosamFeatures = network(torch.rand(2, 4, 3, 64, 32))
    sides = {2: (16, 8), 3: (8, 4), 4: (4, 2), 5: (4, 2)}
    assert [masks.stage for masks in features.masks] == list(after)
    for masks in features.masks:
        assert masks.spatial.shape == (2, 4, *sides[masks.stage])
        assert masks.channel.shape == (2, network.trunk.widths[masks.stage - 1])


def test_masks_lie_between_0_and_1_and_a_frame_is_seen_by_the_others() -> None:
    torch.manual_seed(0)
    layer = CosamLayer(16, 3, (4, 2)).eval()
    clips = torch.rand(1, 3, 16, 4, 2)
    changed = clips.clone()
    changed[0, 2] = torch.rand(16, 4, 2)
    before, after = layer(clips), layer(changed)
    assert before.spatial.min() > 0
    assert before.spatial.max() < 1
    assert (before.spatial - after.spatial)[0, 0].abs().max() > 1e-4


@pytest.mark.parametrize("after", [(), (1,), (4, 6)])
def test_other_stages_are_refused(after: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected layers after some of the stages 2, 3, 4 and 5"):
        Cosam(build_trunk(TrunkSpec("resnet18")), SMALL, after=after)


def test_another_size_than_it_was_built_for_is_refused() -> None:
    network = Cosam(build_trunk(TrunkSpec("resnet18")), SMALL)
    with pytest.raises(ValueError, match=r"expected clips of 4 frames of 64 x 32 pixels, found 4 of 128 x 64"):
        network(torch.rand(1, 4, 3, 128, 64))
