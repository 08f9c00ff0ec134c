import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from reid_models.training.evaluation.reranking import RerankParams, rerank


@pytest.mark.shared
@pytest.mark.parametrize(
    ("key", "params", "power"),
    [
        ("final_k20_6_03", RerankParams(20, 6, 0.3), 2),
        ("final_k10_1_05", RerankParams(10, 1, 0.5), 2),
        ("final_k20_6_03_squared_input", RerankParams(20, 6, 0.3), 4),
    ],
)
def test_reranking_agrees_with_the_published_code(shared: Path, key: str, params: RerankParams, power: int) -> None:
    with np.load(shared / "golden/reranking.npz") as golden:
        found = rerank(golden["q_feat"], golden["g_feat"], params, power=power)
        np.testing.assert_allclose(found, golden[key], atol=2e-5)


def test_where_the_vectors_stand_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    query, gallery = rng.normal(size=(20, 8)), rng.normal(size=(150, 8))
    found = rerank(query, gallery)
    np.testing.assert_allclose(rerank(query + 100, gallery + 100), found, atol=1e-4)
    order = rng.permutation(150)
    np.testing.assert_allclose(rerank(query, gallery[order]), found[:, order], atol=1e-5)


def test_fewer_rows_than_neighbours_and_rows_that_are_alike_are_no_fault() -> None:
    assert np.isfinite(rerank(np.ones((1, 4)), np.ones((2, 4)))).all()
    assert np.isfinite(rerank(np.eye(3), np.eye(3))).all()


def test_no_square_of_everybody_stands_in_memory() -> None:
    rng = np.random.default_rng(0)
    count = 3000
    tracemalloc.start()
    rerank(rng.normal(size=(50, 4)), rng.normal(size=(count - 50, 4)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 0.9 * 8 * count**2


def test_the_title_says_what_was_done() -> None:
    assert RerankParams().title == "re-ranked, k-reciprocal, k1=20 k2=6 lambda=0.3"
