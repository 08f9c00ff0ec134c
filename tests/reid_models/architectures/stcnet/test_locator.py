from math import sqrt

import pytest
import torch
from torch import Tensor

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.stcnet.locator import OcclusionLocator, part_scores
from testing.architectures.golden import assert_close


@pytest.fixture(scope="module")
def locator() -> OcclusionLocator:
    torch.manual_seed(0)
    return OcclusionLocator(build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))).eval()


def tracklets() -> Tensor:
    """Two persons, five frames: each an image of their own with a little noise."""
    generator = torch.Generator().manual_seed(0)
    persons = torch.randint(0, 200, (2, 1, 3, 48, 16), generator=generator)
    return (persons + torch.randint(0, 8, (2, 5, 3, 48, 16), generator=generator)).to(torch.uint8)


def hidden(part: int) -> Tensor:
    """The same with something white in front of a part of the second tracklet's fourth frame."""
    clips = tracklets()
    clips[1, 3, :, 16 * part : 16 * (part + 1)] = 255
    return clips


def test_scores_are_cosines_with_the_mean_of_the_same_part() -> None:
    """Part 0 turns by a right angle in one frame of two; part 1 stays."""
    features = torch.tensor([[[[2.0, 0.0], [1.0, 1.0]], [[0.0, 2.0], [3.0, 3.0]]]])
    assert_close(part_scores(features), torch.tensor([[[sqrt(0.5), 1.0], [sqrt(0.5), 1.0]]]), 1e-6)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_the_part_that_something_hides_is_the_one_least_like_the_others(locator: OcclusionLocator, part: int) -> None:
    with torch.inference_mode():
        scores = locator(hidden(part)).scores
    assert int(scores[1].argmin()) == 3 * 3 + part
    assert scores[0].min() > scores[1, 3, part]


@pytest.mark.parametrize("part", [0, 1, 2])
def test_cut_from_maps_what_hides_a_part_is_seen_in_all_parts_of_the_frame(
    locator: OcclusionLocator, part: int
) -> None:
    with torch.inference_mode():
        scores = OcclusionLocator(locator.trunk, cut="maps").eval()(hidden(part)).scores
    assert scores[1].argmin(dim=0).tolist() == [3, 3, 3]


def test_what_hides_one_part_is_not_seen_in_another(locator: OcclusionLocator) -> None:
    with torch.inference_mode():
        before, after = locator(tracklets()).scores, locator(hidden(part=2)).scores
    assert_close(after[..., :2], before[..., :2], 1e-6)


def test_a_part_is_occluded_below_tau(locator: OcclusionLocator) -> None:
    features = torch.rand(1, 4, 3, 8)
    found = locator.compare(features)
    assert torch.equal(found.is_occluded, found.scores < 0.89)
    assert found.is_occluded.any()
    assert not found.is_occluded.all()


def test_a_tracklet_alone_is_what_it_is_among_others(locator: OcclusionLocator) -> None:
    clips = tracklets()
    with torch.inference_mode():
        assert_close(locator(clips[1:]).scores, locator(clips).scores[1:], 1e-6)


def test_a_tracklet_may_come_piece_by_piece(locator: OcclusionLocator) -> None:
    clips = tracklets()
    with torch.inference_mode():
        pieces = torch.cat([locator.describe(piece) for piece in clips.split(2, dim=1)], dim=1)
        assert_close(locator.compare(pieces).scores, locator(clips).scores, 1e-6)


def test_a_single_frame_is_like_itself(locator: OcclusionLocator) -> None:
    with torch.inference_mode():
        assert not locator(tracklets()[:, :1]).is_occluded.any()
