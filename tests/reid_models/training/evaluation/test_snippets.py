import numpy as np
import torch

from reid_models.architectures.csa import PairClassifier, snippet_distance
from reid_models.training.evaluation.snippets import Snippets, pair_similarity


def some(counts: list[int], seed: int) -> Snippets:
    rng = np.random.default_rng(seed)
    return Snippets(rng.normal(size=(sum(counts), 8)).astype(np.float32), np.array(counts, np.int64))


def test_many_tracklets_at_once_have_the_distances_of_each_pair_of_them() -> None:
    torch.manual_seed(0)
    pairs = PairClassifier(8).eval()
    query, gallery = some([3, 1, 6], 0), some([2, 5, 2, 1, 5, 9], 1)
    found = pair_similarity(pairs, query, gallery)
    probes = torch.from_numpy(query.rows).split(query.counts.tolist())
    others = torch.from_numpy(gallery.rows).split(gallery.counts.tolist())
    with torch.inference_mode():
        expected = [[-float(snippet_distance(pairs(probe, other))) for other in others] for probe in probes]
    np.testing.assert_allclose(found, expected, atol=1e-6)
