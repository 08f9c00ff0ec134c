from pathlib import Path

import pytest
import torch

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.heads import linear_head
from reid_models.architectures.sta import Sta, StaHead, attention_maps, inter_frame_regulariser
from testing.architectures.golden import architecture, assert_close, golden, load, parameters


@pytest.mark.shared
def test_the_head_agrees_with_the_third_partys(shared: Path) -> None:
    numbers = golden(shared, "sta_head")
    head = StaHead(24, width=12).eval()
    load(head, numbers, {"fc1.0": "linear", "fc1.1": "norm"})
    features = head(numbers["x"])
    assert_close(head.fuse(numbers["x"], features.part_attention), numbers["fused"], 1e-5)
    assert_close(features.embedding, numbers["out"], 1e-5)


@pytest.mark.shared
def test_it_has_as_many_parameters_as_the_third_partys(shared: Path) -> None:
    published = architecture(shared, "sta_third_party")
    with torch.device("meta"):
        network = Sta(build_trunk(TrunkSpec("resnet50")))
        head = linear_head(1024, 625)
    assert parameters(network.head) == published.parameters("blocks", "fc1")
    assert parameters(network, head) == published.parameters("total_params")


def test_a_part_is_taken_from_the_frame_that_shows_it() -> None:
    """Of two frames the first shows the upper half alone, the second the lower: each part is one frame's."""
    maps = torch.zeros(1, 2, 3, 4, 2)
    maps[0, 0, :, :2], maps[0, 1, :, 2:] = 1.0, 2.0
    features = StaHead(3, parts=2).eval()(maps)
    assert_close(features.part_attention, torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]), 1e-6)
    fused = StaHead(3, parts=2).fuse(maps, features.part_attention)
    assert_close(fused, torch.full((1, 6), 1.5), 1e-6)


def test_weights_of_a_part_sum_to_one_over_the_frames() -> None:
    features = StaHead(5).eval()(torch.rand(2, 3, 5, 8, 4))
    assert_close(features.part_attention.sum(dim=1), torch.ones(2, 4), 1e-5)


def test_the_regulariser_is_the_mean_distance_between_the_maps_of_two_frames() -> None:
    maps = torch.zeros(1, 3, 2, 2)
    maps[0, 0, 0, 0] = maps[0, 1, 0, 0] = maps[0, 2, 1, 1] = 1.0
    assert float(inter_frame_regulariser(maps)) == pytest.approx(2 / 3 * 2**0.5)
    assert float(inter_frame_regulariser(maps[:, :1])) == 0.0


def test_the_regulariser_reaches_the_features() -> None:
    maps = torch.rand(2, 3, 4, 4, 2, requires_grad=True)
    inter_frame_regulariser(attention_maps(maps)).backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()
    assert maps.grad.any()


def test_rows_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="expected maps whose rows divide into 4 parts, found 6 rows"):
        StaHead(3)(torch.rand(1, 2, 3, 6, 2))
