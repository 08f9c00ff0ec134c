"""CSA's way of asking: every snippet of one tracklet beside every one of the other; only the most alike count.

Chen et al., CVPR 2018: the similarity of two tracklets is the mean over a fifth of their pairs of snippets, those that
the classifier finds most likely to show one person. The paper calls it competitive aggregation.
"""

# Q queries, G rows of the gallery, S snippets of all of them, P snippets of one query, K of one row, D embedding

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reid_learning.machine import Machine
from reid_models.architectures.csa import COMPETING_SHARE, PairClassifier, SnippetMatcher
from reid_models.training.evaluation.describe import Observer, described_clips, forward
from reid_models.training.evaluation.protocols import Match, protocol_named, searched
from reid_models.training.recipe import TestParams
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import Dataset, TrackletSet
from reid_runtime.card import ClipSpec

PAIRS_AT_ONCE = 200_000
"""Of snippets, at 128 numbers each 100 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Snippets:
    """Of N tracklets, those of each side by side.

    Attributes:
        rows: (S, D) float32.
        counts: (N,) int64, of each tracklet.
    """

    rows: NDArray[np.float32]
    counts: NDArray[np.int64]


def match_snippets(
    network: SnippetMatcher,
    dataset: Dataset,
    test: TestParams,
    spec: ClipSpec,
    *,
    machine: Machine,
    observer: Observer = lambda _: None,
) -> Match:
    """As `ask.compare`; there are no vectors of whole tracklets."""
    was_training = network.training
    network.eval()
    try:
        query = _snippets(network, dataset.query, test.query, spec, machine, observer)
        gallery = _snippets(network, dataset.gallery, test.gallery, spec, machine, observer)
        nothing = np.zeros((len(dataset.query), 0), np.float32)
        among = searched(test.protocol, nothing, np.zeros((len(dataset.gallery), 0), np.float32), dataset)
        similarity = pair_similarity(network.pairs, query, _together(query, gallery), machine=machine)
    finally:
        network.train(was_training)
    similarity = np.ascontiguousarray(similarity[:, among.tracklets])
    return Match(similarity, nothing, dataset.query.who, among, protocol_named(test.protocol))


def pair_similarity(
    pairs: PairClassifier,
    query: Snippets,
    gallery: Snippets,
    *,
    machine: Machine = Machine(),  # noqa: B008  # frozen
) -> NDArray[np.float32]:
    """(Q, G) minus the distances of `snippet_distance`, of many rows of as many snippets at once.

    Args:
        pairs: in eval mode.
        query: Q tracklets.
        gallery: G tracklets.
        machine: where the classifier is.
    """
    similarity = np.zeros((len(query.counts), len(gallery.counts)), np.float32)
    starts = np.cumsum(gallery.counts) - gallery.counts
    rows = torch.from_numpy(gallery.rows)
    probes = torch.from_numpy(query.rows).to(machine.device).split(query.counts.tolist())
    for count in np.unique(gallery.counts).tolist():
        owners = np.flatnonzero(gallery.counts == count)
        of_each = torch.from_numpy(starts[owners][:, None] + np.arange(count))
        for block in np.array_split(np.arange(len(owners)), _blocks(len(owners) * count, query)):
            others_SD = rows[of_each[block].flatten()].to(machine.device)
            for number, probe_PD in enumerate(probes):
                found_G = _competing(pairs, probe_PD, others_SD, count)
                similarity[number, owners[block]] = -found_G.cpu().numpy()
    return similarity


@torch.inference_mode()
def _competing(pairs: PairClassifier, probe_PD: Tensor, others_SD: Tensor, count: int) -> Tensor:
    """(G,), for rows of `count` snippets each."""
    distances_PS = pairs(probe_PD, others_SD).softmax(dim=2)[..., 0]
    distances_GN = distances_PS.unflatten(1, (-1, count)).transpose(0, 1).flatten(1)
    is_near_GN = distances_GN <= distances_GN.quantile(COMPETING_SHARE, dim=1, keepdim=True)
    mean_G: Tensor = (distances_GN * is_near_GN).sum(dim=1) / is_near_GN.sum(dim=1)
    return mean_G


def _blocks(snippets: int, query: Snippets) -> int:
    return max(1, -(-snippets * int(query.counts.max(initial=1)) // PAIRS_AT_ONCE))


def _snippets(
    network: SnippetMatcher,
    people: TrackletSet,
    clips: TestClips,
    spec: ClipSpec,
    machine: Machine,
    observer: Observer,
) -> Snippets:
    pieces = list(described_clips(forward(network, machine), people, clips, spec, observer=observer))
    if not pieces:
        return Snippets(np.zeros((0, network.pairs.linear.in_features), np.float32), np.zeros(0, np.int64))
    owners = np.concatenate([piece.owners for piece in pieces])
    rows = np.concatenate([piece.rows for piece in pieces])[np.argsort(owners, kind="stable")]
    return Snippets(rows, np.bincount(owners, minlength=len(people)).astype(np.int64))


def _together(first: Snippets, second: Snippets) -> Snippets:
    return Snippets(np.concatenate([first.rows, second.rows]), np.concatenate([first.counts, second.counts]))
