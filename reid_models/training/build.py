"""From a recipe to what learns: trunk, network, heads."""

import copy
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from reid_learning.checkpoint import FILE, read_checkpoint
from reid_models.architectures.attribute_groups import AttributeGroup, groups_of
from reid_models.architectures.attribute_transfer import AttributeTransfer
from reid_models.architectures.attributes import AttributeDriven
from reid_models.architectures.backbones import Trunk, build_trunk
from reid_models.architectures.catalogue import CATALOGUE
from reid_models.architectures.csa import Csa, SnippetMatcher, WithFlow
from reid_models.architectures.features import Features
from reid_models.architectures.heads import linear_head
from reid_models.architectures.stcnet.critics import Discriminator, IdGuider
from reid_models.architectures.stcnet.generators import SpatialGenerator, TemporalGenerator
from reid_models.architectures.stcnet.network import Stcnet
from reid_models.architectures.stcnet.parts import window_height
from reid_models.architectures.tkp import TKP, TKPImage, TKPVideo
from reid_models.training.learners.attribute_transfer import TransferLearner, TransferObjective
from reid_models.training.learners.attributes import AttributeLearner, AttributeObjective
from reid_models.training.learners.completion import CompletionLearner, CompletionObjective
from reid_models.training.learners.identity import IdentityLearner, IdentityObjective
from reid_models.training.learners.pairs import PairLearner, PairObjective
from reid_models.training.learners.tkp import PropagationLearner, PropagationObjective
from reid_models.training.recipe import NetworkParams, Recipe
from reid_models.training.tracklets import DatasetError, TrackletSet

Kind = TypeVar("Kind", bound=nn.Module)
Learner = IdentityLearner | PropagationLearner | AttributeLearner | TransferLearner | PairLearner | CompletionLearner
TRUNK = "trunk."
"""Begins the names of a frame network's weights, wherever it stands."""


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


def build_learner(recipe: Recipe, identities: int, *, people: TrackletSet | None = None) -> Learner:
    """The network of a recipe and what its losses need, as they begin.

    Args:
        recipe: see there.
        identities: K that the classifier tells apart.
        people: who is learnt from, where that counts: how common attributes are. None: they come with the weights.

    Raises:
        DatasetError: if the objective is not for such a network.
    """
    params = recipe.network
    match recipe.objective:
        case PropagationObjective() as objective:
            return PropagationLearner(_both(params), _trunk_of(params).width, identities, objective)
        case AttributeObjective() as objective:
            network = _with_groups(params, objective)
            labels = [name for group in network.groups for name in group.attributes]
            return AttributeLearner(network, identities, objective, params.attributes or labels)
        case TransferObjective() as objective:
            if not params.attributes:
                raise DatasetError("expected a set with attributes to learn them from, found none: give one first")
            transfer = AttributeTransfer(_trunk_of(params), len(params.attributes))
            return TransferLearner(transfer, _rates(params, people), objective)
        case PairObjective() as objective:
            snippets = _expected(Csa, "CSA", params)
            width = snippets.linear.out_features
            seeing = WithFlow(Csa(snippets.trunk, width=width, has_flow=True)) if objective.has_flow else snippets
            return PairLearner(SnippetMatcher(seeing, width), width, identities, objective)
        case CompletionObjective() as objective:
            return _completion(params, identities, objective)
        case IdentityObjective() as objective:
            found = build_network(params)
            return IdentityLearner(found, _widths(found, params, objective), identities, objective)


def _expected(kind: type[Kind], words: str, params: NetworkParams) -> Kind:
    network = build_network(params)
    if not isinstance(network, kind):
        raise DatasetError(f"expected {words}, found {params.name}")
    return network


def _with_groups(params: NetworkParams, objective: AttributeObjective) -> AttributeDriven:
    """With the groups of the set's labels; without disentangling all of them in one segment, as wide as all were."""
    network = _expected(AttributeDriven, "an attribute-driven network", params)
    groups, width = network.groups, network.segment_width
    if params.attributes:
        try:
            groups = groups_of(params.attributes)
        except ValueError as error:
            raise DatasetError(f"{error}: take such labels, or the recipe without attributes") from error
    if not objective.disentangles:
        # One segment and the global one beside it.
        width = network.fc1.out_features // 2
        groups = (AttributeGroup("all", tuple(name for group in groups for name in group.attributes)),)
    found = AttributeDriven(network.trunk, groups=groups, segment_width=width, sigma=objective.sigma)
    # Nothing teaches them where attributes do not count.
    found.predictors.requires_grad_(objective.attributes > 0)
    return found


def _rates(params: NetworkParams, people: TrackletSet | None) -> Tensor:
    """(A,), share of those of whom it is known."""
    if people is None or people.attributes is None:
        return torch.zeros(len(params.attributes))
    return torch.from_numpy(people.attributes).nanmean(dim=0).nan_to_num()


def _completion(params: NetworkParams, identities: int, objective: CompletionObjective) -> CompletionLearner:
    """STCnet; its guider stands on the recipe's trunk, and knows nobody until `begin_with` gives it a run's."""
    trunk, clip = _trunk_of(params), params.clip
    return CompletionLearner(
        Stcnet(SpatialGenerator(channels=objective.channels), TemporalGenerator(channels=objective.channels)),
        Discriminator(clip.height, clip.width),
        Discriminator(window_height(clip.height), clip.width),
        IdGuider(trunk, linear_head(trunk.width, identities), size=objective.guider),
        objective,
    )


def _both(params: NetworkParams) -> TKP:
    """TKP's two networks, each on a trunk of its own that begins alike."""
    video = _expected(TKPVideo, "TKP's video network", params)
    trunk: Trunk = copy.deepcopy(video.maps.trunk)
    return TKP(TKPImage(trunk), video)


def _trunk_of(params: NetworkParams) -> Trunk:
    if params.trunk is None and params.name not in CATALOGUE:
        raise DatasetError(f"expected network.trunk for {params.name}, found none: say which")
    return build_trunk(params.trunk or CATALOGUE[params.name].trunk, weights=params.weights)


def _widths(network: nn.Module, params: NetworkParams, objective: IdentityObjective) -> dict[str, int]:
    """Of what the classifiers read, as it comes out of the network."""
    clip = params.clip
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        features: Features = network(torch.zeros(1, clip.frames, 3, clip.height, clip.width, dtype=torch.uint8))
    network.train(was_training)
    known = {field.name: getattr(features, field.name) for field in fields(features)}
    missing = [name for name in objective.classified if known.get(name) is None]
    if missing:
        raise DatasetError(f"expected a network with the features {', '.join(missing)}, found {params.name}")
    return {name: int(known[name].shape[-1]) for name in objective.classified}


def begin_with(learner: nn.Module, run: Path) -> list[str]:
    """Gives a learner what a run has learnt under the same names: whole, of the same shape; returns those names.

    What the two networks have in common is most often the trunk, wherever it stands in them: TKP's two trunks both
    begin with it. Classifiers are left away, as their people are others; but STCnet's guider is the run's network
    itself, with its classifier.

    Args:
        learner: takes it.
        run: folder of a run, or of one of its stages.

    Raises:
        CheckpointError: if there is none.
        DatasetError: if nothing fits.
    """
    found = read_checkpoint(run / FILE).average
    own = learner.state_dict()
    names = _guider_names(own) if isinstance(learner, CompletionLearner) else _network_names(own, found)
    taken = {name: found[theirs] for name, theirs in names.items() if theirs in found}
    taken = {name: value for name, value in taken.items() if value.shape == own[name].shape}
    if not taken or (isinstance(learner, CompletionLearner) and len(taken) < len(names)):
        raise DatasetError(f"expected a run of the same trunk in {run}, found nothing that fits this network")
    learner.load_state_dict({**own, **taken})
    return sorted(taken)


def _network_names(own: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> dict[str, str]:
    """Our names -> those of the run: the same, or a trunk's at another place."""
    trunk = next((name[: name.index(TRUNK)] for name in found if name.startswith("network.") and TRUNK in name), "")
    return {
        name: name if name in found or TRUNK not in name else trunk + name[name.index(TRUNK) :]
        for name in own
        if name.startswith("network.")
    }


def _guider_names(own: Mapping[str, Tensor]) -> dict[str, str]:
    """STCnet's guider -> the run's network and classifier."""
    names = [name.removeprefix("guider.") for name in own if name.startswith("guider.")]
    return {f"guider.{name}": f"network.{name}" if name.startswith(TRUNK) else name for name in names}
