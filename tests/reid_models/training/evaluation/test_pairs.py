from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reid_learning.machine import Machine
from reid_models.architectures.csa import SnippetMatcher, snippet_distance
from reid_models.architectures.features import Features
from reid_models.training.evaluation.ask import ask, compare
from reid_models.training.evaluation.describe import each_clip, forward
from reid_models.training.evaluation.protocols import reranked
from reid_models.training.evaluation.reranking import RerankParams
from reid_models.training.recipe import TestParams
from reid_models.training.sampling.test_clips import TestClips
from reid_models.training.tracklets import DatasetError, TrackletSet
from reid_runtime.card import ClipSpec
from testing.miniatures import dataset_on_disk

SPEC = ClipSpec(frames=2, height=8, width=4)
SNIPPETS = TestClips("dense", 2)
TEST = TestParams(SNIPPETS, SNIPPETS, protocol="mars", distance="pairs")


class Colours(nn.Module):
    """Knows people by the mean colour of the upper and of the lower half of their clips (B, T, C, H, W)."""

    def forward(self, clips: Tensor) -> Features:
        upper, lower = clips.float().chunk(2, dim=3)
        return Features(embedding=torch.cat([half.mean(dim=(1, 3, 4)) for half in (upper, lower)], dim=1) / 64)


@pytest.fixture
def matcher() -> SnippetMatcher:
    """Snippets are of different persons the more, the further their colours are apart."""
    network = SnippetMatcher(Colours(), width=6)
    linear = next(layer for layer in network.pairs.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        linear.weight.copy_(torch.stack([torch.ones(6), -torch.ones(6)]))
        linear.bias.zero_()
    return network


def test_tracklets_are_as_far_apart_as_the_nearest_of_their_snippets(tmp_path: Path, matcher: SnippetMatcher) -> None:
    data = dataset_on_disk(tmp_path)
    # 3, 2 and 1 snippets in turns.
    lengths = np.array([5, 4, 2, 5, 4, 2])
    data = replace(
        data, gallery=replace(data.gallery, lengths=lengths), query=replace(data.query, lengths=lengths[::-1])
    )
    found = compare(matcher, data, TEST, SPEC)
    assert found.similarity.shape == (6, 12)
    assert found.searched.tracklets.tolist() == list(range(12))
    matcher.eval()
    for row in range(6):
        for column in range(12):
            other, mine = (data.query, column) if column < 6 else (data.gallery, column - 6)
            probe, gallery = (embedded(matcher, people, one) for people, one in ((data.query, row), (other, mine)))
            with torch.inference_mode():
                expected = snippet_distance(matcher.pairs(probe, gallery))
            assert found.similarity[row, column] == pytest.approx(-float(expected), abs=1e-5)


def embedded(matcher: SnippetMatcher, people: TrackletSet, row: int) -> Tensor:
    """The snippets of one tracklet, one at a time."""
    through = forward(matcher, Machine())
    rows = [some.rows for some in each_clip(through, people.some(np.array([row])), SNIPPETS, SPEC)]
    return torch.from_numpy(np.concatenate(rows))


def test_people_are_found_by_their_snippets(tmp_path: Path, matcher: SnippetMatcher) -> None:
    data = dataset_on_disk(tmp_path)
    matcher.train()
    assert ask(matcher, data, replace(TEST, protocol="gao"), SPEC).found_within(1) == 1.0
    assert matcher.training


def test_what_has_no_snippets_or_no_vectors_is_refused(tmp_path: Path, matcher: SnippetMatcher) -> None:
    data = dataset_on_disk(tmp_path)
    with pytest.raises(DatasetError, match="expected a network that compares snippets"):
        ask(Colours(), data, TEST, SPEC)
    with pytest.raises(DatasetError, match="describes each tracklet by a vector"):
        reranked(compare(matcher, data, TEST, SPEC), RerankParams(), distance="pairs")
