"""CSA's way to ask: every snippet of one tracklet is compared with every one of the other, and the most alike count.

Chen et al., CVPR 2018: the distance of two tracklets is the mean of the least fifth of the distances of their snippets.
"""

# Q queries, G tracklets that are searched, M snippets of all of them, a and b snippets of two tracklets

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reid_learning.machine import Machine
from reid_models.architectures.csa import COMPETING_SHARE, SnippetMatcher
from reid_models.training.evaluation.describe import Observer, each_clip, finite, forward
from reid_models.training.evaluation.protocols import Match, protocol_named, searched
from reid_models.training.recipe import TestParams
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, DatasetError, TrackletSet
from reid_runtime.card import ClipSpec

BLOCK = 4096
"""Snippets that are compared with those of a query at once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Snippets:
    """Of some tracklets, in their order.

    Attributes:
        rows: (M, D) float32.
        owners: (M,) int64, the tracklet of each, ascending.
    """

    rows: NDArray[np.float32]
    owners: NDArray[np.int64]


def compare_snippets(
    network: nn.Module,
    dataset: Dataset,
    test: TestParams,
    spec: ClipSpec,
    *,
    machine: Machine,
    observer: Observer = lambda _: None,
) -> Match:
    """How alike queries and gallery are to a network that compares snippets; arguments as of `ask` and `describe`.

    Raises:
        DatasetError: if it is another network, a frame cannot be read, or there is no such protocol.
    """
    if not isinstance(network, SnippetMatcher):
        raise DatasetError("expected a network that compares snippets, for the distance pairs: take cosine")
    was_training = network.training
    network.eval()
    try:
        query, gallery = (
            _snippets(network, people, clips, spec, machine, observer)
            for people, clips in ((dataset.query, test.query), (dataset.gallery, test.gallery))
        )
        nothing = np.zeros((len(dataset.query), 0), np.float32)
        among = searched(test.protocol, nothing, np.zeros((len(dataset.gallery), 0), np.float32), dataset)
        everybody = _joined(query, gallery, len(dataset.query))
        similarity = _similarity(network.pairs, query, _some(everybody, among.tracklets), machine)
    finally:
        network.train(was_training)
    return Match(similarity, nothing, dataset.query.who, among, protocol_named(test.protocol))


def _snippets(
    network: nn.Module, people: TrackletSet, clips: TestClips, spec: ClipSpec, machine: Machine, observer: Observer
) -> _Snippets:
    found = list(each_clip(forward(network, machine), people, clips, spec, observer=observer))
    if not found:
        return _Snippets(np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
    owners = np.concatenate([some.owners for some in found])
    order = np.argsort(owners, kind="stable")
    return _Snippets(finite(np.concatenate([some.rows for some in found])[order]), owners[order])


def _joined(query: _Snippets, gallery: _Snippets, queries: int) -> _Snippets:
    if not len(gallery.owners):
        return query
    return _Snippets(
        np.concatenate([query.rows, gallery.rows]), np.concatenate([query.owners, gallery.owners + queries])
    )


def _some(snippets: _Snippets, tracklets: NDArray[np.int64]) -> _Snippets:
    """Those of some tracklets, in ascending order, which are numbered anew."""
    chosen = np.isin(snippets.owners, tracklets)
    return _Snippets(snippets.rows[chosen], np.searchsorted(tracklets, snippets.owners[chosen]))


def _similarity(pairs: nn.Module, query: _Snippets, gallery: _Snippets, machine: Machine) -> NDArray[np.float32]:
    """(Q, G): minus the distances; tracklets of as many snippets stand side by side, and are sorted at once."""
    counts = np.bincount(gallery.owners)
    order = np.lexsort((gallery.owners, counts[gallery.owners]))
    rows = torch.from_numpy(gallery.rows[order]).to(machine.device)
    starts = np.flatnonzero(np.diff(query.owners, prepend=-1))
    found = np.empty((len(starts), len(counts)), np.float32)
    with torch.inference_mode():
        probes = torch.from_numpy(query.rows).to(machine.device).tensor_split(starts[1:].tolist())
        for number, probe in enumerate(probes):
            blocks = [pairs(probe, block).float().softmax(dim=2)[..., 0] for block in rows.split(BLOCK)]
            distance = torch.cat(blocks, dim=1)
            for count in np.unique(counts).tolist():
                tracklets = np.flatnonzero(counts == count)
                mine, distance = distance.split([count * len(tracklets), distance.shape[1] - count * len(tracklets)], 1)
                found[number, tracklets] = -_least(mine.reshape(len(probe), len(tracklets), count)).cpu().numpy()
    return found


def _least(distances_aGb: Tensor) -> Tensor:
    """(a, G, b) -> (G,): the mean of those no further than the quantile of the share, see `snippet_distance`."""
    in_order = distances_aGb.transpose(0, 1).flatten(1).sort(dim=1).values
    return in_order[:, : int(COMPETING_SHARE * (in_order.shape[1] - 1)) + 1].mean(dim=1)
