import pytest
import torch

from reid_models.architectures.backbones import Trunk, TrunkSpec, build_trunk
from reid_models.architectures.nonlocal_trunk import NonLocalTrunk, Place, every_second_block
from testing.architectures.golden import assert_close


def shallow() -> Trunk:
    torch.manual_seed(0)
    return build_trunk(TrunkSpec("resnet18"), depths=(1, 2, 3, 1))


def test_the_places_of_a_resnet_50_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        trunk = build_trunk(TrunkSpec("resnet50"))
    assert every_second_block(trunk) == (Place(3, 1), Place(3, 3), Place(4, 1), Place(4, 3), Place(4, 5))


def test_it_starts_as_the_trunk_alone() -> None:
    trunk = shallow()
    network = NonLocalTrunk(trunk, every_second_block(trunk)).eval()
    clips = torch.rand(2, 3, 3, 64, 32)
    assert_close(network(clips).flatten(0, 1), trunk(trunk.frames(clips)), 1e-5)


@pytest.mark.parametrize("place", [Place(2, 0), Place(3, 1), Place(4, 2)])
def test_a_block_shows_a_frame_what_the_other_frames_hold(place: Place) -> None:
    clips = torch.rand(1, 3, 3, 64, 32)
    other = clips.clone()
    other[0, 2] = 0
    for places, is_seen in (((), False), ((place,), True)):
        network = NonLocalTrunk(shallow(), places).eval()
        for block in network.nonlocal_blocks.values():
            torch.nn.init.ones_(block.get_parameter("norm.weight"))
        difference = (network(other) - network(clips))[0, 0].abs().max()
        assert (difference > 1e-5) == is_seen


@pytest.mark.parametrize("place", [Place(1, 0), Place(3, 2), Place(6, 0), Place(4, -1)])
def test_a_place_that_the_trunk_does_not_have_is_refused(place: Place) -> None:
    with pytest.raises(ValueError, match="expected a place"):
        NonLocalTrunk(shallow(), [place])


def test_a_place_takes_one_block() -> None:
    with pytest.raises(ValueError, match="each place once"):
        NonLocalTrunk(shallow(), [Place(3, 1), Place(3, 1)])
