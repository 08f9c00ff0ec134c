"""Every encoder that runs here on real tracklets of MARS: how often it finds the person, and how fast it is.

    python -m benchmarks.accuracy.encoders

The tracklets are `data/reid/mars_query_half` in the folder PASSERBY_SHARED (by default ../shared): each queries all the
others, rows of its own person and camera left out. They are queries that some model failed: the figures compare with
each other, not with papers. The choices in the weight-free encoder were made on every second person; the table has both
halves. Speed is crops per second on one thread, beside the bare network on inputs that are ready, runs interleaved; the
best of 5 each.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.model_zoo import fetch, known_models, shipped_models
from reid_models.clip_encoder import ClipEncoder
from reid_models.colour_stripes import ColourStripesEncoder
from reid_models.crop_encoder import CropEncoder
from reid_models.encoder import Encoder
from reid_models.pixels import as_input
from reid_models.ranking import Labelled, Precision, Ranking, rank
from reid_models.tracklet_folder import LabelledTracklet, labels, read_clip, read_folder
from reid_runtime.batches import run_rows
from reid_runtime.load import load_session, own_provider
from reid_runtime.session import Session
from testing.paths import SHARED

NETWORKS = (
    "osnet-x0-25-msmt17",
    "intel-0248",
    "person-reidentification-retail-0277",
    "person-reidentification-retail-0288",
)
SHIPPED = "passerby-encoder"
RUNS = 5
TIMED_CLIPS = 20


@dataclass(frozen=True, slots=True)
class Contestant:
    """An encoder, and the network inside where there is one."""

    name: str
    encoder: Encoder
    session: Session | None


def main() -> None:
    tracklets = read_folder(SHARED / "data/reid/mars_query_half/bbox_test")
    print("| encoder | persons | R1 | R5 | mAP, MARS script | mAP, rectangular | crops/s | bare network | ratio |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as cache:
        for contestant in contestants(SHARED, Path(cache)):
            print_rows(contestant, tracklets)


def contestants(shared: Path, cache: Path) -> list[Contestant]:
    found = [Contestant("stripes, no weights", ColourStripesEncoder(), None)]
    for name in NETWORKS:
        file = next((SHARED / "data/weights").rglob(known_models()[name].files[0].urls[0].rpartition("/")[2]))
        path = fetch(name, cache, from_file=file)
        session = load_session(path, provider=own_provider(path), threads=1)
        found.append(Contestant(name, CropEncoder(session), session))
    session = load_session(shipped_models()[SHIPPED], provider="cpu", threads=1)
    return [*found, Contestant(SHIPPED, ClipEncoder(session), session)]


def print_rows(contestant: Contestant, tracklets: list[LabelledTracklet]) -> None:
    encoder = contestant.encoder
    vectors = np.concatenate([encoder.encode(read_clip(tracklet, encoder.clip)[None]) for tracklet in tracklets])
    who = labels(tracklets)
    is_chosen_on = np.unique(who.persons, return_inverse=True)[1] % 2 == 0
    speed = speeds(contestant, tracklets)
    for share, rows in (("all", is_chosen_on | True), ("chosen on", is_chosen_on), ("others", ~is_chosen_on)):
        mars, rectangular = (ranking(vectors[rows], rows_of(who, rows), p) for p in ("trapezoidal", "rectangular"))
        print(
            f"| {contestant.name} | {share}, {mars.queries} queries | {mars.found_within(1):.1%} | "
            f"{mars.found_within(5):.1%} | {mars.mean_average_precision:.1%} | "
            f"{rectangular.mean_average_precision:.1%} | {speed if share == 'all' else ' | | '} |"
        )


def ranking(vectors: NDArray[np.float32], who: Labelled, precision: Precision) -> Ranking:
    return rank(vectors @ vectors.T, who, who, precision=precision)


def rows_of(who: Labelled, rows: NDArray[np.bool_]) -> Labelled:
    return Labelled(who.persons[rows], who.cameras[rows])


def speeds(contestant: Contestant, tracklets: list[LabelledTracklet]) -> str:
    """Crops per second of the encoder and of the bare network, and their ratio, as cells of the table."""
    spec = contestant.encoder.clip
    clips = np.stack([read_clip(tracklet, spec) for tracklet in tracklets[:TIMED_CLIPS]])
    session = contestant.session
    if session is None:
        ours = best_rate([lambda: contestant.encoder.encode(clips)], clips)[0]
        return f"{ours:.0f} | | "
    is_of_clips = session.card.clip is not None
    inputs = clips if is_of_clips else as_input(clips.reshape(-1, *clips.shape[2:]), session.card.pixels)
    ways: list[Callable[[], object]] = [
        lambda: contestant.encoder.encode(clips),
        lambda: run_rows(session, inputs, max_batch=1 if is_of_clips else spec.frames),
    ]
    ours, bare = best_rate(ways, clips)
    return f"{ours:.0f} | {bare:.0f} | {ours / bare:.2f}"


def best_rate(ways: list[Callable[[], object]], clips: NDArray[np.uint8]) -> list[float]:
    """Crops per second of each way: the best of its runs, which take turns with those of the others."""
    best = [0.0] * len(ways)
    for _ in range(RUNS):
        for index, way in enumerate(ways):
            start_s = time.perf_counter()
            way()
            best[index] = max(best[index], clips.shape[0] * clips.shape[1] / (time.perf_counter() - start_s))
    return best


if __name__ == "__main__":
    main()
