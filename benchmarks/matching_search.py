"""Exact search with all its constraints, beside numpy's bare product and faiss's flat index.

    python -m benchmarks.matching_search

One thread each, in one process, taking turns; the median of several rounds. Ours is the whole decision of a batch:
product, window, camera and transit constraints, and assignment. Queries come 64 at a time, as a busy window brings
them, and one at a time, where any of them can do no more than read the matrix from memory once a query: at 100k x 512
that is 205 MB, which is why one query at a time is slow everywhere. faiss is installed into `.peers/matching` when it
is not there; it is never a dependency.
"""

import argparse
import importlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pipeline.matching.policy import MatchParams, decide
from pipeline.matching.sightings import SightingArrays
from pipeline.site import Site, Transit, topology

PEERS = Path(__file__).parents[1] / ".peers" / "matching"
PACKAGE = "faiss-cpu==1.15.1"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
DIMENSIONS = 512
CAMERAS = tuple(f"camera{i}" for i in range(8))
THRESHOLD = 0.6
BATCHES = (1, 64)
ROUNDS = 7
SITE = Site(name="bench", transits=(Transit(between=("camera0", "camera1"), min_s=5, max_s=600),))


def main() -> None:
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # Threads are counted when numpy is loaded, so another process has to.
        sys.exit(subprocess.call([sys.executable, "-m", __spec__.name, *sys.argv[1:]], env=os.environ | ONE_THREAD))
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tracks", type=int, nargs="*", default=[10_000, 100_000, 300_000])
    table = Table("tracks", "queries at a time", "ours", "numpy", "faiss", "ours / faster", "recall", title="queries/s")
    faiss = load_faiss()
    for count in options.parse_args().tracks:
        known = crowd(count)
        index = None if faiss is None else faiss.IndexFlatIP(DIMENSIONS)
        if index is not None:
            index.add(known.vectors)
        for queries in BATCHES:
            table.add_row(f"{count:,}", str(queries), *measured(known, queries, index))
    Console().print(table)


def load_faiss() -> Any:
    """The peer, installed if need be; None where it cannot be had."""
    if not PEERS.is_dir():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(PEERS), PACKAGE]
        subprocess.run(install, check=False)
    sys.path.append(str(PEERS))
    try:
        return importlib.import_module("faiss")
    except ImportError as error:
        Console(stderr=True).print(f"faiss is absent: {error}")
        return None


def crowd(count: int) -> SightingArrays:
    """Tracks of many people in eight cameras over an hour, three of each person."""
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((count // 3 + 1, DIMENSIONS), np.float32)
    persons = np.arange(count) // 3
    vectors = looks[persons] + 0.3 * rng.standard_normal((count, DIMENSIONS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start_s = rng.uniform(0, 3500, count)
    return SightingArrays(
        vectors=vectors,
        persons=persons,
        cameras=rng.integers(0, len(CAMERAS), count),
        start_s=start_s,
        end_s=start_s + 10,
        still_there=np.zeros(count, np.bool_),
    )


def measured(known: SightingArrays, queries: int, index: Any) -> list[str]:
    """Queries a second of each, the ratio, and the share of queries for which ours names faiss's nearest track."""
    batch = seen_again(known, queries)
    site, thresholds = topology(SITE, CAMERAS), np.full((len(CAMERAS), len(CAMERAS)), THRESHOLD)
    must = np.ones(queries, np.bool_)
    params = MatchParams(threshold=THRESHOLD)
    contestants: dict[str, Callable[[], object]] = {
        "ours": lambda: decide(batch, known, site, thresholds, params, must),
        "numpy": lambda: batch.vectors @ known.vectors.T,
    }
    if index is not None:
        contestants["faiss"] = lambda: index.search(batch.vectors, 10)
    rates = {name: queries / taken_s for name, taken_s in medians(contestants).items()}
    faster = max(rate for name, rate in rates.items() if name != "ours")
    faiss_rate = f"{rates['faiss']:.0f}" if "faiss" in rates else "absent"
    recall = _recall(decide(batch, known, site, thresholds, params, must), batch, known)
    return [f"{rates['ours']:.0f}", f"{rates['numpy']:.0f}", faiss_rate, f"{rates['ours'] / faster:.2f}", recall]


def seen_again(known: SightingArrays, queries: int) -> SightingArrays:
    """People of the crowd, each once, seen an hour later."""
    rng = np.random.default_rng(1)
    rows = 3 * rng.choice(len(known) // 3, queries, replace=False)
    vectors = known.vectors[rows] + 0.01 * rng.standard_normal((queries, DIMENSIONS), np.float32)
    start_s = np.full(queries, 3600.0)
    return SightingArrays(
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        persons=known.persons[rows],
        cameras=np.full(queries, 7),
        start_s=start_s,
        end_s=start_s + 2,
        still_there=np.ones(queries, np.bool_),
    )


def medians(contestants: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of one call of each; they take turns."""
    taken_s: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, call in contestants.items():
            begun_s = time.perf_counter()
            call()
            taken_s[name].append(time.perf_counter() - begun_s)
    return {name: statistics.median(each) for name, each in taken_s.items()}


def _recall(decisions: list[Any], batch: SightingArrays, known: SightingArrays) -> str:
    """Share of queries whose most similar possible track, by the bare product, is the one that was decided on."""
    best: NDArray[np.intp] = (batch.vectors @ known.vectors.T).argmax(axis=1)
    right = sum(known.persons[best[decision.query]] == decision.person for decision in decisions)
    return f"{right / len(batch):.3f}"


if __name__ == "__main__":
    main()
