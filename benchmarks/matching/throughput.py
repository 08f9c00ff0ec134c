"""What one matcher takes: embeddings a second from the stream to committed events, and how long a decision takes.

    python -m benchmarks.matching.throughput

Starts a redis-server of its own (append-only file, synced each second) and a worker, all on this machine's cores, and
a matcher in this process; each library has one thread. Windows are a tenth of a second; the delay is that from
publication to the sink, and in the run without a rate it is mostly that of waiting in the stream. The CPU time of each
process for one embedding says who is the limit: the matcher can take no more than its time fits into a second.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.matching.site import CAMERAS, DIMENSIONS, MODEL, Write, matcher_of, redis_server, server_state, worker
from benchmarks.speed.one_thread import in_one_thread
from passerby_events.schema import Event
from passerby_events.tracks import TrackKey
from pipeline.matching.memory import Retention
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.telemetry.metrics import Metrics

LIVE_TRACKS = 2000
PERSONS = 700
TRACKLETS = 3
"""Embeddings of each track; it ends with the last one."""
LANES = 50
"""Tracks that last at the same time."""
WINDOW_S = 0.1


@dataclass(frozen=True, slots=True)
class Load:
    """
    Attributes:
        per_second: embeddings; None: as many as go through.
        seconds: how long, at that rate.
        count: how many, where there is no rate.
    """

    per_second: int | None
    seconds: float = 15.0
    count: int = 60_000

    @property
    def total(self) -> int:
        return self.count if self.per_second is None else int(self.per_second * self.seconds)


class TimedSink:
    """Keeps how long after its embedding was published each decision was delivered."""

    def __init__(self) -> None:
        self.delays_s: list[float] = []

    def publish(self, event: Event) -> None:
        if event.kind != "track.ended" and event.kind != "person.erased":
            self.delays_s.append(time.time() - event.seen.end)

    def flush(self) -> None:
        """All that was published is kept."""

    def close(self) -> None:
        """Nothing is held."""


def main() -> None:
    in_one_thread(__spec__.name)
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rates", type=int, nargs="*", default=[40, 400, 3000], help="embeddings per second")
    options.add_argument("--count", type=int, default=60_000, help="embeddings in the run without a rate")
    asked = options.parse_args()
    table = Table(title="embeddings a second, delay in ms, and microseconds of CPU for one embedding")
    for column in ("asked for", "done", "p50", "p99", "matcher", "Redis", "worker"):
        table.add_column(column, justify="right")
    for load in (*(Load(rate) for rate in asked.rates), Load(None, count=asked.count)):
        run = run_load(load)
        p50, p99 = np.percentile(1000 * np.array(run.delays_s), (50, 99))
        each_us = (
            f"{1e6 * cpu_s / load.total:.0f}" for cpu_s in (run.matcher_cpu_s, run.redis_cpu_s, run.worker_cpu_s)
        )
        asked_for = "all" if load.per_second is None else f"{load.per_second:,}"
        table.add_row(asked_for, f"{load.total / run.taken_s:,.0f}", f"{p50:.0f}", f"{p99:.0f}", *each_us)
    Console().print(table)


@dataclass(frozen=True, slots=True)
class Run:
    """What a load led to: seconds from first message to last event, CPU time, and the delay of each decision."""

    taken_s: float
    matcher_cpu_s: float
    redis_cpu_s: float
    worker_cpu_s: float
    delays_s: list[float]


def run_load(load: Load) -> Run:
    """One run on a server that holds nothing yet."""
    sink = TimedSink()
    retention = Retention(max_tracks=LIVE_TRACKS)
    with redis_server() as server, worker(server.url, partial(prepare, load), window_s=WINDOW_S) as writing:
        cpu_s, redis_cpu_s = time.process_time(), server_state(server.url).cpu_s
        matcher_of(server.url, sink, retention, Metrics(), window_s=WINDOW_S).run(until_end=True)
        return Run(
            taken_s=time.time() - writing.begun_s,
            matcher_cpu_s=time.process_time() - cpu_s,
            redis_cpu_s=server_state(server.url).cpu_s - redis_cpu_s,
            worker_cpu_s=writing.cpu_s(),
            delays_s=sink.delays_s,
        )


def prepare(load: Load) -> Write:
    """The traffic, made before the load begins; a window every tenth of a second if a rate is asked for."""
    windows = list(traffic(load))

    def write(writer: EmbeddingWriter, begun_s: float) -> None:
        for number, window in enumerate(windows):
            if load.per_second is not None:
                time.sleep(max(0.0, begun_s + (number + 1) * WINDOW_S - time.time()))
            writer.write(stamp(window, (int(begun_s / WINDOW_S) + number + 1) * WINDOW_S))

    return write


def traffic(load: Load) -> Iterator[EmbeddedWindow]:
    """Windows of tracks of three parts each, whose times `stamp` fills in."""
    rng = np.random.default_rng(0)
    appearance = rng.standard_normal((PERSONS, DIMENSIONS)).astype(np.float32)
    appearance /= np.linalg.norm(appearance, axis=1, keepdims=True)
    per_window = max(1, int((load.per_second or 4000) * WINDOW_S))
    for start in range(0, load.total, per_window):
        numbers = range(start, min(start + per_window, load.total))
        noise = rng.standard_normal((len(numbers), DIMENSIONS)).astype(np.float32) * 0.02
        tracks = [track_of(number) for number in numbers]
        tracklets = [
            embedding_of(number, appearance[track * 7919 % PERSONS] + noise[i])
            for i, (number, track) in enumerate(zip(numbers, tracks, strict=True))
        ]
        yield window_of(tracklets)


def track_of(number: int) -> int:
    """The track of an embedding: the parts of `LANES` tracks come in turns."""
    return number // (LANES * TRACKLETS) * LANES + number % LANES


def embedding_of(number: int, vector: NDArray[np.float32]) -> Embedding:
    """An embedding, whose times are filled in later."""
    track = track_of(number)
    return Embedding(
        track=TrackKey(CAMERAS[track % len(CAMERAS)], "r", track),
        tracklet_index=number // LANES % TRACKLETS,
        cut_s=0.0,
        clock="receive",
        start_s=0.0,
        end_s=0.0,
        quality=1.0,
        box=np.array([1, 2, 3, 4], np.float32),
        vector=vector / np.linalg.norm(vector),
        model_id=MODEL,
    )


def window_of(tracklets: list[Embedding]) -> EmbeddedWindow:
    """With the ends of the tracks whose last tracklets are in it."""
    ended = [
        TrackEnd(each.track, 0.0, 0.0, 0.0, "receive") for each in tracklets if each.tracklet_index == TRACKLETS - 1
    ]
    return EmbeddedWindow(0.0, tuple(tracklets), tuple(ended))


def stamp(
    window: EmbeddedWindow, end_s: float, *, window_s: float = WINDOW_S, seen_s: float | None = None
) -> EmbeddedWindow:
    """The window as it is published now: its sightings are of this moment, or of the time given."""
    at_s, cut_s = time.time() if seen_s is None else seen_s, end_s - window_s / 2
    tracklets = tuple(replace(each, cut_s=cut_s, start_s=at_s, end_s=at_s) for each in window.embeddings)
    ended = tuple(replace(end, cut_s=cut_s, start_s=at_s, end_s=at_s) for end in window.ended)
    return EmbeddedWindow(end_s, tracklets, ended)


if __name__ == "__main__":
    main()
