import pytest
import torch
from torch import Tensor

from reid_models.architectures.backbones import TrunkSpec, build_trunk
from reid_models.architectures.stcnet.locator import OcclusionLocator
from reid_models.architectures.stcnet.network import Stcnet
from reid_models.architectures.stcnet.tracklet import CompletedTracklet, complete_tracklet, nearest_clear_frames
from testing.architectures.golden import assert_close
from testing.architectures.small_stcnet import small_stcnet

SIZE = (24, 16)
HIDDEN = [(1, 2), (4, 0), (4, 2)]
"""Frame and part."""


@pytest.fixture(scope="module")
def network() -> Stcnet:
    return small_stcnet()


@pytest.fixture(scope="module")
def locator() -> OcclusionLocator:
    """Tau lies below the scores of what is clear in `tracklet`, and above those of what is hidden."""
    torch.manual_seed(0)
    locator = OcclusionLocator(build_trunk(TrunkSpec("resnet18"), depths=(1, 1, 1, 1))).eval()
    with torch.inference_mode():
        scores = locator(tracklet().unsqueeze(0)).scores[0].flatten().sort().values
    locator.tau = float(scores[len(HIDDEN) - 1 : len(HIDDEN) + 1].mean())
    return locator


def tracklet() -> Tensor:
    """Six frames of one person, 48 x 20 pixels, in bytes."""
    generator = torch.Generator().manual_seed(0)
    person = torch.randint(0, 200, (1, 3, 48, 20), generator=generator)
    frames = person + torch.randint(0, 8, (6, 3, 48, 20), generator=generator)
    for frame, part in HIDDEN:
        frames[frame, :, 16 * part : 16 * (part + 1)] = 250
    return frames.to(torch.uint8)


def completed(frames: Tensor, locator: OcclusionLocator, network: Stcnet, *, batch: int = 32) -> CompletedTracklet:
    return complete_tracklet(frames, locator, network, size=SIZE, batch=batch)


def test_only_what_is_hidden_is_replaced_to_the_byte(locator: OcclusionLocator, network: Stcnet) -> None:
    found = completed(tracklet(), locator, network)
    assert found.frames.dtype == torch.uint8
    assert found.occlusions.is_occluded[0].nonzero().tolist() == [list(place) for place in HIDDEN]
    assert found.is_completed.tolist() == [False, True, False, False, True, False]
    is_changed = (found.frames != tracklet()).any(dim=1).float().mean(dim=2)
    for frame in range(6):
        for part in range(3):
            share = float(is_changed[frame, 16 * part : 16 * (part + 1)].mean())
            assert share > 0.9 if (frame, part) in HIDDEN else share == 0


def test_what_hid_the_part_leaves_no_trace(locator: OcclusionLocator, network: Stcnet) -> None:
    """Another thing in front of the same parts, and the same tracklet comes out."""
    other = tracklet()
    for frame, part in HIDDEN:
        other[frame, :, 16 * part : 16 * (part + 1)] = 240
    first, second = completed(tracklet(), locator, network), completed(other, locator, network)
    assert torch.equal(first.occlusions.is_occluded, second.occlusions.is_occluded)
    assert torch.equal(first.frames, second.frames)


def test_fractions_give_fractions(locator: OcclusionLocator, network: Stcnet) -> None:
    fractions = completed(tracklet() / 255, locator, network).frames
    assert fractions.is_floating_point()
    assert_close(fractions * 255, completed(tracklet(), locator, network).frames.float(), 0.51)


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_batch_does_not_matter(locator: OcclusionLocator, network: Stcnet, batch: int) -> None:
    whole, pieces = completed(tracklet(), locator, network), completed(tracklet(), locator, network, batch=batch)
    assert_close(pieces.frames.float(), whole.frames.float(), 1)


@pytest.mark.parametrize("tau", [-2.0, 2.0])
def test_where_nothing_or_everything_is_hidden_nothing_is_made_up(
    locator: OcclusionLocator, network: Stcnet, tau: float
) -> None:
    other = OcclusionLocator(locator.trunk, tau=tau).eval()
    found = completed(tracklet(), other, network)
    assert torch.equal(found.frames, tracklet())
    assert not found.is_completed.any()


def test_the_tracklet_that_came_in_is_left_alone(locator: OcclusionLocator, network: Stcnet) -> None:
    frames = tracklet()
    completed(frames, locator, network)
    assert torch.equal(frames, tracklet())


@pytest.mark.parametrize(
    ("occluded", "previous", "following"),
    [
        ("..x.x", [0, 1, 1, 3, 3], [0, 1, 3, 3, 3]),
        ("xx.xx", [2, 2, 2, 2, 2], [2, 2, 2, 2, 2]),
        (".xx.x.", [0, 0, 0, 3, 3, 5], [0, 3, 3, 3, 5, 5]),
        ("xxx", [0, 0, 0], [0, 0, 0]),
        (".", [0], [0]),
    ],
)
def test_neighbours_are_the_nearest_frames_that_nothing_hides(
    occluded: str, previous: list[int], following: list[int]
) -> None:
    found = nearest_clear_frames(torch.tensor([letter == "x" for letter in occluded]))
    assert found.previous.tolist() == previous
    assert found.next.tolist() == following


@pytest.mark.parametrize("shape", [(3, 48, 20), (0, 3, 48, 20), (2, 4, 48, 20)])
def test_what_is_no_tracklet_is_refused(locator: OcclusionLocator, network: Stcnet, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected a tracklet \(T, 3, H, W\)"):
        complete_tracklet(torch.rand(shape), locator, network)


def test_a_network_in_training_is_refused(locator: OcclusionLocator) -> None:
    with pytest.raises(ValueError, match="in eval mode, found one in training mode"):
        complete_tracklet(tracklet(), locator, small_stcnet().train())
