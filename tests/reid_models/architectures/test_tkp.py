import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.features import Features
from reid_models.architectures.nonlocal_trunk import every_second_block
from reid_models.architectures.tkp import TKP, Matching, TKPFeatures, TKPImage, TKPVideo, shared_classifier
from testing.architectures.golden import architecture, assert_close, output_shapes, parameters


def shallow() -> TKP:
    torch.manual_seed(0)
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 2, 2, 1))
    return TKP(TKPImage(copy.deepcopy(trunk)), TKPVideo(trunk)).eval()


def awake(network: TKP) -> TKP:
    """The same with non-local blocks that add something."""
    for name, parameter in network.named_parameters():
        if name.endswith("norm.weight"):
            nn.init.ones_(parameter)
    return network


def with_another_last_frame(clips: Tensor) -> Tensor:
    return torch.cat([clips[:, :-1], 1 - clips[:, -1:]], dim=1)


@pytest.mark.shared
def test_the_video_network_has_the_published_shapes(shared: Path) -> None:
    expected = architecture(shared, "tkp_video")
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("resnet50"))
        network = TKPVideo(trunk)
        last_blocks = {f"layer{number}": list(trunk.stages[number].children())[-1] for number in (1, 2, 3, 4)}
        clips = torch.rand(1, 4, 3, 256, 128)
        found = output_shapes(network, clips, last_blocks)
        features: Features = network(clips)
    for name, shape in found.items():
        batch, width, frames, rows, columns = expected.shape(name)
        assert shape == (batch * frames, width, rows, columns)
    assert features.frames is not None
    assert features.frames.shape == expected.shape("OUTPUT")


@pytest.mark.shared
def test_the_video_network_has_the_published_parameters(shared: Path) -> None:
    expected = architecture(shared, "tkp_video")
    with torch.device("meta"):
        network = TKPVideo(build_trunk(TrunkSpec("resnet50")))
    found = [parameters(block) for block in network.maps.nonlocal_blocks.children()]
    assert found == [
        expected.parameters("non_local_blocks", place)
        for place in ("layer2.2", "layer2.5", "layer3.2", "layer3.5", "layer3.8")
    ]
    assert parameters(network) == expected.parameters("total_params")


@pytest.mark.shared
def test_the_image_network_and_the_classifier_have_the_published_parameters(shared: Path) -> None:
    with torch.device("meta"):
        network = TKPImage(build_trunk(TrunkSpec("resnet50")))
        embedding = network(torch.rand(2, 1, 3, 256, 128)).embedding
        classifier = shared_classifier(625)
    assert parameters(network) == architecture(shared, "tkp_image").parameters("total_params")
    assert embedding.shape == architecture(shared, "tkp_image").shape("OUTPUT")
    assert parameters(classifier) == architecture(shared, "tkp_classifier").parameters("total_params")


def test_at_the_start_both_networks_of_one_trunk_are_the_same() -> None:
    features: TKPFeatures = shallow()(torch.rand(2, 3, 3, 64, 32))
    assert_close(features.frames, features.images, 1e-5)


def test_the_video_network_sees_other_frames_and_the_image_network_does_not() -> None:
    network = awake(shallow())
    clips = torch.rand(1, 3, 3, 64, 32)
    before: TKPFeatures = network(clips)
    after: TKPFeatures = network(with_another_last_frame(clips))
    assert_close(after.images[:, :2], before.images[:, :2], 1e-5)
    assert (after.frames[:, :2] - before.frames[:, :2]).abs().amax(dim=2).min() > 1e-3


def test_a_clip_is_the_mean_of_its_frames() -> None:
    network = awake(shallow())
    clips = torch.rand(2, 3, 3, 64, 32)
    for one in (network, network.image, network.video):
        features: Features = one(clips)
        assert features.frames is not None
        assert_close(features.embedding, features.frames.mean(dim=1), 1e-6)


def test_propagation_reaches_the_image_network_alone_once_the_video_is_detached() -> None:
    network = awake(shallow()).train()
    features: TKPFeatures = network(torch.rand(2, 3, 3, 64, 32))
    (features.images - features.frames.detach()).square().sum().backward()
    assert all(parameter.grad is not None for parameter in network.image.parameters())
    assert all(parameter.grad is None for parameter in network.video.parameters())


@pytest.mark.parametrize(
    ("matching", "query_is_image", "gallery_is_image"),
    [("image_to_video", True, False), ("video_to_video", False, False), ("image_to_image", True, True)],
)
def test_each_way_of_matching_names_its_networks(
    matching: Matching, query_is_image: bool, gallery_is_image: bool
) -> None:
    network = shallow()
    sides = network.sides(matching)
    assert (sides.query is network.image, sides.query is network.video) == (query_is_image, not query_is_image)
    assert (sides.gallery is network.image, sides.gallery is network.video) == (gallery_is_image, not gallery_is_image)


def test_an_image_finds_the_video_that_it_is_from() -> None:
    """Both networks' embeddings lie in one space: at the start, that of their common trunk."""
    network = shallow()
    videos = torch.rand(5, 1, 3, 64, 32) * torch.rand(5, 1, 3, 1, 1) + 0.05 * torch.rand(5, 4, 3, 64, 32)
    sides = network.sides("image_to_video")
    queries = nn.functional.normalize(sides.query(videos[:, :1]).embedding)
    gallery = nn.functional.normalize(sides.gallery(videos).embedding)
    assert (queries @ gallery.T).argmax(dim=1).tolist() == [0, 1, 2, 3, 4]


def test_one_classifier_is_for_clips_and_for_images() -> None:
    features: TKPFeatures = shallow()(torch.rand(2, 3, 3, 64, 32))
    classifier = shared_classifier(7, width=512)
    assert classifier(features.embedding).shape == (2, 7)
    assert classifier(features.images).shape == (2, 3, 7)
    assert not classifier.bias.any()


def test_without_places_no_frame_sees_another() -> None:
    trunk = build_trunk(TrunkSpec("resnet18"), depths=(1, 2, 2, 1))
    assert every_second_block(trunk)
    network = TKPVideo(trunk, places=()).eval()
    clips = torch.rand(1, 3, 3, 64, 32)
    before, after = network(clips).frames, network(with_another_last_frame(clips)).frames
    assert_close(after[:, :2], before[:, :2], 1e-5)
