"""What one matcher takes: embeddings a second from the stream to committed events, and how long a decision takes.

    python -m benchmarks.matching

Starts a redis-server of its own (append-only file, synced each second) and a worker, all on this machine's cores, and
a matcher in this process. Windows are a tenth of a second; the delay is that from publication to the sink. The CPU
time is that of the matcher's process alone, and says what it could take on a core of its own.
"""

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.queues import Queue
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from pipeline.embedding_messages import Expected
from pipeline.embedding_stream import EmbeddingWriter
from pipeline.events.schema import Event
from pipeline.health import Health
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.policy import MatchParams
from pipeline.metrics import Metrics
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd, TrackKey
from pipeline.redis_store import SiteStore
from pipeline.site import Site
from pipeline.site_matcher import SiteMatcher, SiteMatcherParams
from tests.services.redis import RedisServer

DIMENSIONS = 512
LIVE_TRACKS = 2000
PERSONS = 700
PARTS = 3
"""Embeddings of each track; it ends with the last one."""
WINDOW_S = 0.1
MODEL = "bench@1"
CAMERAS = tuple(f"camera{i}" for i in range(8))
THRESHOLD = 0.6


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
    """Keeps when each event was delivered, and when its last embedding was published."""

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
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rates", type=int, nargs="*", default=[40, 400], help="embeddings per second")
    options.add_argument("--count", type=int, default=60_000, help="embeddings in the run without a rate")
    asked = options.parse_args()
    loads = [*(Load(rate) for rate in asked.rates), Load(None, count=asked.count)]
    table = Table("asked for", "embeddings/s", "p50 ms", "p99 ms", "CPU us each", "of which a core takes")
    for load in loads:
        run = run_load(load)
        p50, p99 = np.percentile(1000 * np.array(run.delays_s), (50, 99))
        each_us = 1e6 * run.cpu_s / load.total
        asked_for = "all" if load.per_second is None else str(load.per_second)
        rate = f"{load.total / run.taken_s:.0f}"
        table.add_row(asked_for, rate, f"{p50:.0f}", f"{p99:.0f}", f"{each_us:.0f}", f"{1e6 / each_us:.0f}/s")
    Console().print(table)


@dataclass(frozen=True, slots=True)
class Run:
    """What a load led to: seconds from the first message to the last commit, and of the matcher's CPU, and the delay
    of each decision.
    """

    taken_s: float
    cpu_s: float
    delays_s: list[float]


def run_load(load: Load) -> Run:
    """One run on a server that holds nothing yet."""
    processes = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), appendfsync="everysec").start()
        started: Queue[float] = processes.Queue()
        worker = processes.Process(target=publish, args=(server.url, load, started))
        worker.start()
        sink = TimedSink()
        try:
            begun_s = started.get(timeout=60)
            cpu_s = time.process_time()
            matcher_of(server.url, sink).run(until_end=True)
            return Run(time.time() - begun_s, time.process_time() - cpu_s, sink.delays_s)
        finally:
            worker.join()
            server.stop()


def matcher_of(url: str, sink: TimedSink) -> SiteMatcher:
    """A matcher that remembers `LIVE_TRACKS`."""
    return SiteMatcher(
        SiteStore(url, "bench"),
        Expected(frozenset(CAMERAS), MODEL, DIMENSIONS),
        Retention(max_tracks=LIVE_TRACKS),
        lambda gallery: Matcher(gallery, Site(name="bench"), MatchParams(threshold=THRESHOLD)),
        lambda: sink,
        SiteMatcherParams(window_s=WINDOW_S),
        Metrics(),
        Health(),
    )


def publish(url: str, load: Load, started: "Queue[float]") -> None:
    """The worker: a window every tenth of a second of stream time, in real time if a rate is asked for."""
    windows = list(traffic(load)) if load.per_second is None else traffic(load)
    writer = EmbeddingWriter(SiteStore(url, "bench"), "worker", CAMERAS, model_id=MODEL, max_waiting=64)
    begun_s = time.time()
    started.put(begun_s)
    writer.open()
    for number, window in enumerate(windows):
        if load.per_second is not None:
            time.sleep(max(0.0, begun_s + (number + 1) * WINDOW_S - time.time()))
        writer.write(stamped(window, (int(begun_s / WINDOW_S) + number + 1) * WINDOW_S))
    writer.close()


def traffic(load: Load) -> Iterator[EmbeddedWindow]:
    """Windows of tracks of three parts each, whose times `stamped` fills in."""
    rng = np.random.default_rng(0)
    looks = rng.standard_normal((PERSONS, DIMENSIONS)).astype(np.float32)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    per_window = max(1, int((load.per_second or 4000) * WINDOW_S))
    for start in range(0, load.total, per_window):
        numbers = range(start, min(start + per_window, load.total))
        noise = rng.standard_normal((len(numbers), DIMENSIONS)).astype(np.float32) * 0.02
        parts = [_part(number, looks, noise[i]) for i, number in enumerate(numbers)]
        ended = [TrackEnd(each.track, 0.0, 0.0, 0.0, "receive") for each in parts if each.part == PARTS - 1]
        yield EmbeddedWindow(0.0, tuple(parts), tuple(ended))


def _part(number: int, looks: NDArray[np.float32], noise: NDArray[np.float32]) -> Embedding:
    lane, part = number % 50, number // 50 % PARTS
    track = number // (50 * PARTS) * 50 + lane
    vector = looks[track * 7919 % PERSONS] + noise
    return Embedding(
        track=TrackKey(CAMERAS[track % len(CAMERAS)], "r", track),
        part=part,
        cut_s=0.0,
        clock="receive",
        start_s=0.0,
        end_s=0.0,
        box=np.array([1, 2, 3, 4], np.float32),
        vector=vector / np.linalg.norm(vector),
        model_id=MODEL,
    )


def stamped(window: EmbeddedWindow, end_s: float) -> EmbeddedWindow:
    """The window as it is published now: its sightings are of this moment."""
    now_s, cut_s = time.time(), end_s - WINDOW_S / 2
    parts = tuple(replace(part, cut_s=cut_s, start_s=now_s, end_s=now_s) for part in window.embeddings)
    ended = tuple(replace(end, cut_s=cut_s, start_s=now_s, end_s=now_s) for end in window.ended)
    return EmbeddedWindow(end_s, parts, ended)


if __name__ == "__main__":
    main()
