"""Exact search with all its constraints, beside numpy's bare product and faiss's flat index.

    python -m benchmarks.matching.search

One thread each, in one process, taking turns; the median of several rounds, in CPU time of that thread, which leaves
out what other jobs take meanwhile (not that they share the memory with it). Ours is the search with window, camera and
transit constraints: for each query all persons within reach, how near, and whether they are possible. The whole
decision of the batch, with assignment and the runners-up that events name, stands beside it.

numpy multiplies one matrix of the vectors, track after track, as arrays come. A gallery keeps them dimension by
dimension, which no peer does: the bare product of that layout is shown too, as the limit of what constraints may cost.

faiss is measured as it comes, and with its own BLAS. As it comes (1.15), a search goes through BLAS only if queries
times dimensions are 128,000 or more, a limit that was tuned on many threads. Below, it compares one query after the
other with all vectors, and 64 queries read the whole matrix from memory 64 times. With the limit at 800, which faiss's
maintainers found right for one thread, it is as fast as numpy. Both are shown, and the fastest of all is the one to
beat. faiss is installed into `.peers/matching` when it is not there; it is never a dependency.
"""

import argparse
import importlib
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.speed.one_thread import in_one_thread
from pipeline.matching.constraints import Verdict, verdicts
from pipeline.matching.nearby import Near, persons_near
from pipeline.matching.policy import NEW, Decision, MatchParams, decide, reach_of
from pipeline.matching.search import rows_within_reach, searchable_zeros
from pipeline.matching.sightings import SightingArrays
from pipeline.site import Site, Transit, topology
from testing.paths import ROOT

PEERS = ROOT / ".peers" / "matching"
PACKAGE = "faiss-cpu==1.15.1"
FAISS_BLAS_FROM = 800
"""Queries times dimensions."""
DIMENSIONS = 512
CAMERAS = tuple(f"camera{i}" for i in range(8))
PARAMS = MatchParams(threshold=0.6)
BATCHES = (1, 8, 64)
SITE = topology(
    Site(
        name="bench",
        transits=(Transit(between=("camera0", "camera1"), min_s=5, max_s=600),),
        unnamed_pairs="apart",
    ),
    CAMERAS,
)
THRESHOLDS = np.full((len(CAMERAS), len(CAMERAS)), PARAMS.threshold)
REACH = reach_of(THRESHOLDS, PARAMS)
OURS = ("ours", "decision")
LIMIT = "product alone"
PEERS_BESIDE = ("numpy", "faiss", "faiss, BLAS")
NAMES = (*OURS, *PEERS_BESIDE, LIMIT)
Call = Callable[[], object]


def main() -> None:
    in_one_thread(__spec__.name)
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tracks", type=int, nargs="*", default=[10_000, 100_000, 300_000])
    options.add_argument("--rounds", type=int, default=15)
    asked = options.parse_args()
    columns = ("live tracks", "queries", *NAMES, "ours / fastest peer", "ours / product alone", "recall")
    table = Table(*columns, title="queries a second")
    faiss = load_faiss()
    limits = {} if faiss is None else {"faiss": as_it_comes(faiss), "faiss, BLAS": FAISS_BLAS_FROM}
    for count in asked.tracks:
        known = crowd(count)
        by_track = np.ascontiguousarray(known.vectors)
        index = None if faiss is None else faiss.IndexFlatIP(DIMENSIONS)
        if index is not None:
            index.add(by_track)
        for queries in BATCHES:
            batch = seen_again(known, queries)
            calls = contestants(batch, known, by_track) | peers(batch, faiss, index, limits)
            rates = {name: queries / taken_s for name, taken_s in medians(calls, asked.rounds).items()}
            fastest = max(rates[name] for name in PEERS_BESIDE if name in rates)
            shown = [f"{rates[name]:.0f}" if name in rates else "absent" for name in NAMES]
            ratios = [f"{rates['ours'] / rate:.2f}" for rate in (fastest, rates[LIMIT])]
            table.add_row(f"{count:,}", str(queries), *shown, *ratios, f"{recall_of(batch, known):.3f}")
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


def as_it_comes(faiss: Any) -> int:
    """Queries times dimensions from which on faiss uses its BLAS, until somebody says otherwise."""
    return int(faiss.cvar.distance_compute_blas_threshold)


def crowd(count: int) -> SightingArrays:
    """Tracks of many people in eight cameras over an hour, three of each person; laid out as a gallery's."""
    rng = np.random.default_rng(0)
    appearance = rng.standard_normal((count // 3 + 1, DIMENSIONS), np.float32)
    persons = np.arange(count) // 3
    vectors = searchable_zeros(count, DIMENSIONS)
    vectors[:] = appearance[persons] + 0.3 * rng.standard_normal((count, DIMENSIONS), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start_s = rng.uniform(0, 3500, count)
    return SightingArrays(
        vectors=vectors,
        persons=persons,
        cameras=rng.integers(0, len(CAMERAS), count),
        extra=np.zeros(count),
        start_s=start_s,
        end_s=start_s + 10,
        still_there=np.zeros(count, np.bool_),
    )


def seen_again(known: SightingArrays, queries: int) -> SightingArrays:
    """People of the crowd, each once: an hour later, but every fourth while another camera still sees them."""
    rng = np.random.default_rng(1)
    rows = 3 * rng.choice(len(known) // 3, queries, replace=False)
    vectors = known.vectors[rows] + 0.01 * rng.standard_normal((queries, DIMENSIONS), np.float32)
    is_elsewhere = np.arange(queries) % 4 == 3
    start_s = np.where(is_elsewhere, known.start_s[rows] + 5, 3600.0)
    return SightingArrays(
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        persons=known.persons[rows],
        cameras=(known.cameras[rows] + 3) % len(CAMERAS),
        extra=np.zeros(queries),
        start_s=start_s,
        end_s=start_s + 2,
        still_there=np.ones(queries, np.bool_),
    )


def decide_all(batch: SightingArrays, known: SightingArrays) -> list[Decision]:
    found = rows_within_reach(batch.vectors, known.vectors, REACH)
    return decide(batch, known, SITE, THRESHOLDS, PARAMS, np.ones(len(batch), np.bool_), found)


def near(batch: SightingArrays, known: SightingArrays) -> Near:
    """Ours: the search, and what cameras and ways say of those it finds."""
    found = rows_within_reach(batch.vectors, known.vectors, REACH)
    return persons_near(batch, known, SITE, THRESHOLDS, found)


def contestants(batch: SightingArrays, known: SightingArrays, by_track: NDArray[np.float32]) -> dict[str, Call]:
    """Ours, and those that only multiply: numpy, track after track, and the product that ours begins with."""
    return {
        "ours": partial(near, batch, known),
        "decision": partial(decide_all, batch, known),
        "numpy": lambda: batch.vectors @ by_track.T,
        LIMIT: lambda: batch.vectors @ known.vectors.T,
    }


def peers(batch: SightingArrays, faiss: Any, index: Any, limits: Mapping[str, int]) -> dict[str, Call]:
    """faiss, which only searches, once for each limit from which on it uses its BLAS."""

    def search(blas_from: int) -> object:
        faiss.cvar.distance_compute_blas_threshold = blas_from
        return index.search(batch.vectors, 1)

    return {name: partial(search, blas_from) for name, blas_from in limits.items()}


def medians(calls: Mapping[str, Call], rounds: int) -> dict[str, float]:
    """Seconds of one call of each; they take turns, in an order drawn for each round, each twice, and the second call
    counts: otherwise whoever comes after others that read the same matrix finds more of it in the cache.
    """
    taken_s: dict[str, list[float]] = {name: [] for name in calls}
    rng = random.Random(0)
    for _ in range(rounds):
        for name in rng.sample(list(calls), len(calls)):
            calls[name]()
            begun_s = time.thread_time()
            calls[name]()
            taken_s[name].append(time.thread_time() - begun_s)
    return {name: statistics.median(each) for name, each in taken_s.items()}


def recall_of(batch: SightingArrays, known: SightingArrays) -> float:
    """Share of the queries of which the decision is the one that comparing each with each leads to."""
    found = {decision.query: decision.person for decision in decide_all(batch, known)}
    similarity = batch.vectors.astype(np.float64) @ known.vectors.astype(np.float64).T
    truth = [true_person(batch, query, known, row) for query, row in enumerate(similarity)]
    return sum(found.get(query) == person for query, person in enumerate(truth)) / len(truth)


def true_person(batch: SightingArrays, query: int, known: SightingArrays, similarity: NDArray[np.float64]) -> int:
    """The most similar person from the threshold on whom nothing rules out; (N,) similarities to all tracks."""
    verdict = verdicts(batch, known, np.array(query), np.arange(len(known)), SITE)
    is_hard = (verdict != Verdict.POSSIBLE) & (verdict != Verdict.TOO_LATE)
    is_out = np.isin(known.persons, known.persons[is_hard]) | (verdict == Verdict.TOO_LATE)
    best = int(np.where(is_out, -1, similarity).argmax())
    return int(known.persons[best]) if similarity[best] >= PARAMS.threshold else NEW


if __name__ == "__main__":
    main()
