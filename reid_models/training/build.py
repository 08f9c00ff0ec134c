"""From a recipe to what learns: trunk, network, heads."""

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from reid_learning.checkpoint import FILE, read_checkpoint
from reid_models.architectures.attributes import AttributeDriven
from reid_models.architectures.backbones import Trunk, build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.features import Features
from reid_models.architectures.tkp import TKP, TKPImage, TKPVideo
from reid_models.training.learners.attributes import AttributeLearner, AttributeObjective
from reid_models.training.learners.identity import IdentityLearner, IdentityObjective
from reid_models.training.learners.tkp import PropagationLearner, PropagationObjective
from reid_models.training.recipe import NetworkParams, Recipe
from reid_models.training.tracklets import DatasetError


def build_network(params: NetworkParams) -> nn.Module:
    """The network of a recipe, as it begins.

    Raises:
        DatasetError: if the catalogue has no such network, or it cannot be built for such clips.
        WeightsError: if the trunk's weights are not there or do not fit.
    """
    if params.name not in CATALOGUE:
        raise DatasetError(f"expected a network of the catalogue, found {params.name}: see docs/models.md")
    entry = CATALOGUE[params.name]
    trunk = build_trunk(params.trunk or entry.trunk, weights=params.weights)
    try:
        network = entry.build(trunk, params.clip)
    except (ValueError, TypeError) as error:
        raise DatasetError(f"{params.name} cannot be built so: {error}") from error
    return network


def build_learner(recipe: Recipe, identities: int) -> nn.Module:
    """The network of a recipe and what its losses need, as they begin.

    Args:
        recipe: see there.
        identities: K that the classifier tells apart.

    Raises:
        DatasetError: if the objective is not for such a network.
    """
    match recipe.objective:
        case PropagationObjective() as objective:
            return PropagationLearner(_both(recipe.network), _width_of_trunk(recipe.network), identities, objective)
        case AttributeObjective() as objective:
            network = build_network(recipe.network)
            if not isinstance(network, AttributeDriven):
                raise DatasetError(f"expected an attribute-driven network, found {recipe.network.name}")
            return AttributeLearner(network, identities, objective)
        case IdentityObjective() as objective:
            network = build_network(recipe.network)
            return IdentityLearner(network, _width(network, recipe.network, objective), identities, objective)


def _both(params: NetworkParams) -> TKP:
    """TKP's two networks, each on a trunk of its own that begins alike."""
    video = build_network(params)
    if not isinstance(video, TKPVideo):
        raise DatasetError(f"expected TKP's video network to teach an image network, found {params.name}")
    trunk: Trunk = copy.deepcopy(video.maps.trunk)
    return TKP(TKPImage(trunk), video)


def _width_of_trunk(params: NetworkParams) -> int:
    return build_trunk(params.trunk or CATALOGUE[params.name].trunk).width


def _width(network: nn.Module, params: NetworkParams, objective: IdentityObjective) -> int:
    """Numbers that the head reads: one clip is sent through to see."""
    clip = params.clip
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        features: Features = network(torch.zeros(1, clip.frames, 3, clip.height, clip.width, dtype=torch.uint8))
    network.train(was_training)
    read = features.frames if objective.on == "frames" else features.embedding
    if read is None:
        raise DatasetError(f"expected a network with a feature for each frame, found {params.name}")
    return int(read.shape[-1])


def begin_with(learner: nn.Module, run: Path) -> list[str]:
    """Gives a learner what a run has learnt under the same names: whole, of the same shape; returns those names.

    What the two networks have in common is most often the trunk. TKP's two trunks both begin with it. Classifiers are
    left away: their people are others.

    Args:
        learner: takes it.
        run: folder of a run, or of one of its stages.

    Raises:
        CheckpointError: if there is none.
        DatasetError: if nothing fits.
    """
    state = _network_state(read_checkpoint(run / FILE).average)
    own = learner.state_dict()
    taken: dict[str, Tensor] = {}
    for name, value in own.items():
        if not name.startswith("network."):
            continue
        plain = name.removeprefix("network.")
        for alias in (
            plain,
            plain.replace("image.trunk.", "trunk.", 1),
            plain.replace("video.maps.trunk.", "trunk.", 1),
            plain.replace("maps.trunk.", "trunk.", 1),
        ):
            if alias in state and state[alias].shape == value.shape:
                taken[name] = state[alias]
                break
    if not taken:
        raise DatasetError(f"expected a run of the same trunk in {run}, found nothing that fits this network")
    learner.load_state_dict({**own, **taken})
    return sorted(taken)


def _network_state(average: dict[str, Tensor]) -> dict[str, Tensor]:
    beginning = "network."
    return {name.removeprefix(beginning): value for name, value in average.items() if name.startswith(beginning)}
