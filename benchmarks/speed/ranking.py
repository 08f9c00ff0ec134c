"""Ranking as many queries as MARS has, beside torchreid 0.2.5 as pip has it, and beside the product of the vectors.

    python -m benchmarks.speed.ranking

1980 queries among 9330 rows, made up: 626 persons, a third of the gallery people whom nobody looks for, vectors of 2048
numbers. torchreid's package is put into a folder of its own, without what it depends on: its module of ranks is loaded
from its file and needs numpy alone. It has no compiled ranking there, so its Python one is what one gets. Both must
find the same CMC and mAP. Runs take turns; the best of each counts.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from reid_models.ranking import DISTRACTOR, Labelled, Ranking, rank
from reid_models.training.evaluation.protocols import Match, Searched, protocol_named
from reid_models.training.evaluation.reranking import rerank
from reid_models.training.evaluation.scores import by_camera, intervals, verification

PEER = "torchreid==0.2.5"
QUERIES, ROWS, WIDTH = 1980, 9330, 2048
PERSONS, CAMERAS, NOBODY = 626, 6, 3248
RANKS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Vectors, and whom they show."""

    query: NDArray[np.float32]
    gallery: NDArray[np.float32]
    queries: Labelled
    rows: Labelled


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.ranking")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rerank", action="store_true", help="once, after k-reciprocal re-ranking too")
    arguments = parser.parse_args()
    site = made_up()
    similarity = site.query @ site.gallery.T
    with tempfile.TemporaryDirectory() as folder:
        peer = torchreid(Path(folder))
    ways = {
        "product of the vectors": lambda: site.query @ site.gallery.T,
        "ours: CMC, mAP, mINP": lambda: ours(site, similarity),
        f"{PEER}: CMC, mAP": lambda: theirs(peer, site, similarity),
        "ours: true at rates of false positives": lambda: verification(match_of(site, similarity)),
        "ours: camera by camera": lambda: by_camera(match_of(site, similarity)),
        "ours: intervals, 1000 draws": lambda: intervals(ours(site, similarity)),
    }
    check(ours(site, similarity), theirs(peer, site, similarity))
    seconds = best(ways, rounds=arguments.rounds)
    if arguments.rerank:
        seconds |= best({"ours: k-reciprocal re-ranking": lambda: rerank(site.query, site.gallery)}, rounds=1)
    product, own = seconds["product of the vectors"], seconds["ours: CMC, mAP, mINP"]
    print("| what | seconds | products | times ours |")
    print("|---|---:|---:|---:|")
    for name, took in seconds.items():
        print(f"| {name} | {took:.3f} | {took / product:.2f} | {took / own:.1f} |")


def made_up() -> Site:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(PERSONS, WIDTH)).astype(np.float32)
    asked = rng.integers(0, PERSONS, QUERIES)
    shown = np.concatenate([rng.integers(0, PERSONS, ROWS - NOBODY), np.full(NOBODY, DISTRACTOR)])
    near = np.where((shown == DISTRACTOR)[:, None], 0, centres[shown])
    return Site(
        (centres[asked] + 4 * rng.normal(size=(QUERIES, WIDTH))).astype(np.float32),
        (near + 4 * rng.normal(size=(ROWS, WIDTH))).astype(np.float32),
        Labelled(asked, rng.integers(0, CAMERAS, QUERIES)),
        Labelled(shown, rng.integers(0, CAMERAS, ROWS)),
    )


def torchreid(folder: Path) -> ModuleType:
    """Its module of ranks."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), PEER]
    subprocess.run(pip, check=True)
    path = folder / "torchreid/reid/metrics/rank.py"
    spec = importlib.util.spec_from_file_location("torchreid_rank", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        # It says that its compiled ranking is not there.
        warnings.simplefilter("ignore")
        spec.loader.exec_module(module)
    return module


def ours(site: Site, similarity: NDArray[np.float32]) -> Ranking:
    return rank(similarity, site.queries, site.rows, precision="rectangular")


def theirs(peer: ModuleType, site: Site, similarity: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    cmc, mean_average_precision = peer.evaluate_rank(
        -similarity, site.queries.persons, site.rows.persons, site.queries.cameras, site.rows.cameras, max_rank=RANKS
    )
    return cmc, float(mean_average_precision)


def match_of(site: Site, similarity: NDArray[np.float32]) -> Match:
    among = Searched(site.gallery, site.rows, np.arange(ROWS) + QUERIES)
    return Match(similarity, site.query, site.queries, among, protocol_named("gao"))


def check(found: Ranking, peer: tuple[NDArray[np.float32], float]) -> None:
    """Both have found the same."""
    np.testing.assert_allclose(found.cmc[:RANKS], peer[0], atol=1e-5)
    np.testing.assert_allclose(found.mean_average_precision, peer[1], atol=1e-9)


def best(ways: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Seconds of each way: the best of its runs, which take turns with those of the others."""
    seconds = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, way in ways.items():
            start_s = time.perf_counter()
            way()
            seconds[name] = min(seconds[name], time.perf_counter() - start_s)
    return seconds


if __name__ == "__main__":
    main()
