"""A site for the benchmarks of matching: a redis-server, a worker that writes, and a matcher in this process."""

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path

import redis

from pipeline.config import RedisConfig
from pipeline.events.sink import EventSink
from pipeline.matching.adaptation import AdaptParams
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.matching.policy import MatchParams
from pipeline.ordering.channel import OrderParams
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.services.redis import RedisServer

SITE = "bench"
MODEL = "bench@1"
CAMERAS = tuple(f"camera{i}" for i in range(8))
DIMENSIONS = 512
THRESHOLD = 0.6
STARTS_WITHIN_S = 60.0
Write = Callable[[EmbeddingWriter, float], None]
"""Writes the whole load, which began at that wall time; runs in the worker's process."""
Prepare = Callable[[], Write]
"""What the worker does before the load begins."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker says of itself: the wall time at which its load began, and then the CPU time it took."""

    begun_s: float
    cpu_s: Callable[[], float]


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """One that holds nothing; append-only file, synced each second."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), appendfsync="everysec").start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def worker(url: str, prepare: Prepare, *, window_s: float, max_waiting: int = 64) -> Iterator[Worker]:
    """A worker in a process of its own, which has begun; the block ends after its last message."""
    processes = multiprocessing.get_context("spawn")
    reported: Queue[float] = processes.Queue()
    process = processes.Process(target=_work, args=(url, prepare, window_s, max_waiting, reported))
    process.start()
    try:
        yield Worker(reported.get(timeout=STARTS_WITHIN_S), reported.get)
    finally:
        process.join()


def _work(url: str, prepare: Prepare, window_s: float, max_waiting: int, reported: "Queue[float]") -> None:
    write = prepare()
    writer = EmbeddingWriter(
        SiteStore(url, SITE),
        "worker",
        CAMERAS,
        model_id=MODEL,
        order=OrderParams(window_s=window_s),
        limits=RedisConfig(max_waiting=max_waiting),
    )
    begun_s, before_s = time.time(), time.process_time()
    reported.put(begun_s)
    writer.open()
    write(writer, begun_s)
    writer.close()
    reported.put(time.process_time() - before_s)


def matcher_of(url: str, sink: EventSink, retention: Retention, metrics: Metrics, *, window_s: float) -> SiteMatcher:
    return SiteMatcher(
        SiteStore(url, SITE),
        Expected(frozenset(CAMERAS), MODEL, DIMENSIONS),
        retention,
        lambda gallery, _: Matcher(
            gallery,
            Site(name=SITE),
            MatchParams(threshold=THRESHOLD),
            merge_split=MergeSplitParams(),
            adaptation=AdaptParams(),
        ),
        lambda: sink,
        SiteMatcherParams(order=OrderParams(window_s=window_s)),
        metrics,
        Health(),
    )


@dataclass(frozen=True, slots=True)
class ServerState:
    """What a redis-server says: CPU time since it started, and memory it uses for what it holds."""

    cpu_s: float
    used_bytes: int


def server_state(url: str) -> ServerState:
    with redis.Redis.from_url(url) as client:
        reported = client.info()
    return ServerState(reported["used_cpu_sys"] + reported["used_cpu_user"], reported["used_memory"])
