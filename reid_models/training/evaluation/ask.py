"""A network asked by a data set: both sides described, then ranked."""

from torch import nn

from reid_learning.machine import Machine
from reid_models.architectures.tkp import TKP
from reid_models.ranking import Ranking
from reid_models.training.evaluation.describe import Observer, describe
from reid_models.training.evaluation.pairs import compare_snippets
from reid_models.training.evaluation.protocols import Match, match
from reid_models.training.recipe import TestParams
from reid_models.training.tracklets import Dataset
from reid_runtime.card import ClipSpec


def ask(
    network: nn.Module,
    dataset: Dataset,
    test: TestParams,
    spec: ClipSpec,
    *,
    machine: Machine = Machine(),  # noqa: B008  # frozen
) -> Ranking:
    """The ranking of a data set's gallery for its queries.

    Args:
        network: in training or eval mode; left in it.
        dataset: who is asked for, and among whom.
        test: clips, protocol, distance, and of TKP which of its two networks describes which side.
        spec: H and W of the crops.
        machine: where the network is.

    Raises:
        DatasetError: if a frame cannot be read, or there is no such protocol.
        RankingError: if no query has anything to find.
    """
    return compare(network, dataset, test, spec, machine=machine).ranking()


def compare(
    network: nn.Module,
    dataset: Dataset,
    test: TestParams,
    spec: ClipSpec,
    *,
    machine: Machine = Machine(),  # noqa: B008  # frozen
    observer: Observer = lambda _: None,
) -> Match:
    """How alike queries and gallery are to a network; arguments as of `ask` and `describe`."""
    if test.distance == "pairs":
        return compare_snippets(network, dataset, test, spec, machine=machine, observer=observer)
    query_network, gallery_network = network, network
    if isinstance(network, TKP):
        sides = network.sides(test.matching)
        query_network, gallery_network = sides.query, sides.gallery
    query = describe(query_network, dataset.query, test.query, spec, machine=machine, observer=observer)
    gallery = describe(gallery_network, dataset.gallery, test.gallery, spec, machine=machine, observer=observer)
    return match(test.protocol, query, gallery, dataset, distance=test.distance)
