import pytest
import torch
from torch import Tensor

from export.graph.errors import ExportError
from export.graph.sources import DETECTOR, Sizes, random_subject
from reid_models.architectures.backbones import TrunkSpec
from reid_models.architectures.catalogue import CATALOGUE

SMALL = Sizes(height=64, width=32)
ALIVE = [
    name
    for name in CATALOGUE
    if name.startswith(("cosam-mean", "gltr-", "vrstc", "m3d-streams", "csa-", "stmp", "ap3d"))
]
"""Networks with layers that begin at zero, or without batch norms for every layer."""


def weights(name: str, seed: int) -> dict[str, Tensor]:
    trunk = None if name == DETECTOR else TrunkSpec("compact")
    return random_subject(name, seed=seed, sizes=SMALL, trunk=trunk).network.state_dict()


@pytest.mark.parametrize("name", [DETECTOR, "csa-recurrent-resnet50"])
def test_a_seed_gives_the_same_weights_again_and_another_one_others(name: str) -> None:
    one, same, other = weights(name, 3), weights(name, 3), weights(name, 4)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", ALIVE)
def test_no_layer_of_random_weights_is_idle_and_no_number_runs_away(name: str) -> None:
    subject = random_subject(name, seed=0, sizes=SMALL, trunk=TrunkSpec("compact"))
    assert all(parameter.any() for parameter in subject.network.parameters())
    largest: list[float] = []
    for module in subject.network.modules():
        module.register_forward_hook(lambda _, __, found: largest.append(_largest(found)))
    with torch.inference_mode():
        subject.network(*subject.example())
    # Half precision ends at 65504.
    assert max(largest) < 1e4


def _largest(found: object) -> float:
    return float(found.abs().max()) if isinstance(found, Tensor) else 0.0


def test_a_detector_has_no_trunk_to_choose() -> None:
    with pytest.raises(ExportError, match="leave --trunk away"):
        random_subject(DETECTOR, seed=0, trunk=TrunkSpec("compact"))
