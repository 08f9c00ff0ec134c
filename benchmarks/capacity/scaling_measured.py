"""What an embedding, a live track and an event cost, on real servers: inputs of `benchmarks.capacity.scaling_model`.

Everything runs on this machine's cores. CPU times are those of one process, so others on the machine matter little;
rates are what went through, and suffer from them.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import numpy as np
import redis

from benchmarks.capacity.scaling_model import Cost
from benchmarks.matching.search import PARAMS, crowd, decide_all, seen_again
from benchmarks.matching.site import CAMERAS, DIMENSIONS, MODEL
from benchmarks.matching.throughput import WINDOW_S, Load, stamp, traffic
from benchmarks.speed.pipeline_memory import resident_mib
from passerby_events.brokers import Brokers
from passerby_events.schema import IdentityEvent
from passerby_events.tracks import TrackKey
from pipeline.config import RedisConfig
from pipeline.events.kafka.mdx_sink import MdxSink
from pipeline.events.kafka.sink import KafkaSink
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.events.memory import MemorySink
from pipeline.matching.adaptation import AdaptParams
from pipeline.matching.matcher import Matcher
from pipeline.matching.memory import Retention
from pipeline.matching.merge_split import MergeSplitParams
from pipeline.ordering.channel import OrderParams
from pipeline.records import EmbeddedWindow, Embedding, TrackEnd
from pipeline.site import Site
from pipeline.store.client import SiteStore
from pipeline.store.embedding_messages import Expected, messages_of, pack_message
from pipeline.store.embedding_stream import EmbeddingWriter
from pipeline.store.gallery import RedisGallery
from pipeline.store.keys import OUTBOX
from pipeline.store.lease import acquire
from pipeline.store.lua import script
from pipeline.store.outbox import OutboxRelay
from pipeline.store.site_matcher import SiteMatcher, SiteMatcherParams
from pipeline.telemetry.health import Health
from pipeline.telemetry.metrics import Metrics
from testing.services.kafka import KafkaBroker
from testing.services.redis import RedisServer

WORKERS = tuple(f"worker{number}" for number in range(20))
WINDOWS = 150
START_S = 1.8e9
PERSONS = 500
TRACKLETS = 4
REMEMBERED = 2000
"""Live tracks while messages and embeddings are counted: so few that search costs nothing beside them."""
BUSY = Load(None, count=30_000)
ORDER = OrderParams(window_s=WINDOW_S)
FOREVER = Retention(keep_s=1e9, max_tracks=10**9)
SEARCHED_TRACKS = 100_000
SEARCH_QUERIES = (1, 4, 16, 64, 256)
SEARCH_ROUNDS = 7
WAITING = 3000
EVENTS = 20_000
BRIDGED = 300
PUT_EVENT = script("return redis.call('XADD', KEYS[1], '*', 'event', ARGV[1])")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """One that holds nothing yet, with an append-only file that is synced each second."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), appendfsync="everysec").start()
        try:
            yield server
        finally:
            server.stop()


@dataclass(frozen=True, slots=True)
class Spent:
    """What some messages took; CPU times in microseconds."""

    messages: int
    embeddings: int
    matcher_us: float
    redis_us: float
    redis_commands: float
    aof_bytes: float


def costs() -> dict[str, Cost]:
    """Of messages and embeddings, each `Cost` by the name of its field in `Spent`: from a site where nobody is seen,
    and from one where every worker sends an embedding in each window.
    """
    empty, full = spent_on(0), spent_on(1)
    names = ("matcher_us", "redis_us", "redis_commands", "aof_bytes")

    def cost(name: str) -> Cost:
        message: float = getattr(empty, name) / empty.messages
        return Cost(message, (getattr(full, name) - message * full.messages) / full.embeddings)

    return {name: cost(name) for name in names}


def spent_on(each: int) -> Spent:
    """Plays a site ten times as fast as it would live, with so many embeddings in each message, and decides it."""
    processes = multiprocessing.get_context("spawn")
    with redis_server() as server, redis.Redis.from_url(server.url) as client:
        started: Queue[bool] = processes.Queue()
        workers = processes.Process(target=play, args=(server.url, each, started))
        workers.start()
        started.get(timeout=60)
        before, cpu_s = client.info(), time.process_time()
        with SiteStore(server.url, "bench") as store:
            matcher(store, WORKERS, MemorySink()).run(until_end=True)
        matcher_us = 1e6 * (time.process_time() - cpu_s)
        after = client.info()
        workers.join()
    return Spent(
        messages=WINDOWS * len(WORKERS),
        embeddings=WINDOWS * len(WORKERS) * each,
        matcher_us=matcher_us,
        redis_us=1e6 * sum(after[key] - before[key] for key in ("used_cpu_user", "used_cpu_sys")),
        redis_commands=after["total_commands_processed"] - before["total_commands_processed"],
        aof_bytes=after["aof_current_size"] - before["aof_current_size"],
    )


def play(url: str, each: int, started: "Queue[bool]") -> None:
    """Writes what all workers of a site would: one message of each in every window."""
    with SiteStore(url, "bench") as store:
        writers = {name: EmbeddingWriter(store, name, [name], model_id=MODEL, order=ORDER) for name in WORKERS}
        started.put(True)
        for writer in writers.values():
            writer.open()
        begun_s = time.time()
        for number in range(WINDOWS):
            time.sleep(max(0.0, begun_s + (number + 1) * WINDOW_S - time.time()))
            for lane, (name, writer) in enumerate(writers.items()):
                writer.write(seen_by(name, lane, number, each))
        for writer in writers.values():
            writer.close()


def seen_by(camera: str, lane: int, window: int, each: int) -> EmbeddedWindow:
    """One person after the other, in tracks of `TRACKLETS` parts, a window apart."""
    end_s = START_S + (window + 1) * WINDOW_S
    track, tracklet_index = divmod(window, TRACKLETS)
    person = np.random.default_rng((track * 31 + lane) % PERSONS)
    embeddings = []
    for number in range(each):
        key = TrackKey(camera, "r", track * each + number)
        appearance = person.standard_normal(DIMENSIONS)
        vector = (appearance / np.linalg.norm(appearance)).astype(np.float32)
        box = np.array([10, 20, 60, 180], np.float32)
        cut_s = end_s - WINDOW_S / 2
        times_s = cut_s - 0.04, cut_s
        embeddings.append(Embedding(key, tracklet_index, cut_s, "receive", *times_s, 1.0, box, vector, MODEL))
    ended = [
        TrackEnd(e.track, e.cut_s, e.start_s, e.end_s, e.clock) for e in embeddings if tracklet_index == TRACKLETS - 1
    ]
    return EmbeddedWindow(end_s, tuple(embeddings), tuple(ended))


def matcher(
    store: SiteStore, cameras: Sequence[str], sink: MemorySink, retention: Retention | None = None
) -> SiteMatcher:
    return SiteMatcher(
        store,
        Expected(frozenset(cameras), MODEL, DIMENSIONS),
        retention or Retention(max_tracks=REMEMBERED),
        lambda gallery, _: Matcher(
            gallery, Site(name="bench"), PARAMS, merge_split=MergeSplitParams(), adaptation=AdaptParams()
        ),
        lambda: sink,
        SiteMatcherParams(order=ORDER),
        Metrics(),
        Health(),
    )


def wire_bytes() -> Cost:
    """Of a message as it is written, and of one more embedding in it."""
    window = next(iter(traffic(Load(400))))
    window = stamp(window, START_S)

    def size(count: int) -> int:
        tracklet_index = EmbeddedWindow(window.end_s, window.embeddings[:count], window.ended[:0])
        (message,) = messages_of(tracklet_index, "worker", CAMERAS)
        return sum(map(len, pack_message(message, MODEL)))

    return Cost(size(0), (size(40) - size(0)) / 40)


def search_ns() -> tuple[float, ...]:
    """CPU time per live track and window, for each of `SEARCH_QUERIES`."""
    known = crowd(SEARCHED_TRACKS)

    def taken_s(queries: int) -> float:
        batch = seen_again(known, queries)
        begun_s = time.thread_time()
        decide_all(batch, known)
        return time.thread_time() - begun_s

    rounds = [[taken_s(queries) for queries in SEARCH_QUERIES] for _ in range(SEARCH_ROUNDS)]
    return tuple((1e9 * np.median(rounds, axis=0) / SEARCHED_TRACKS).tolist())


def memory(events: list[IdentityEvent]) -> dict[str, float]:
    """Bytes of Redis and of the matcher for what they hold, and how fast a mirror is loaded; fills `events`."""
    with redis_server() as server, redis.Redis.from_url(server.url) as client, SiteStore(server.url, "bench") as store:
        bare = _used(client)
        tracks = _fill(store, events)
        full = _used(client)
        loaded: Queue[tuple[float, float]] = multiprocessing.get_context("spawn").Queue()
        loader = multiprocessing.get_context("spawn").Process(target=load_mirror, args=(server.url, loaded))
        loader.start()
        mirror_bytes, load_s = loaded.get(timeout=120)
        loader.join()
        writer = EmbeddingWriter(
            store, "late", CAMERAS, model_id=MODEL, order=ORDER, limits=RedisConfig(max_waiting=10**9)
        )
        for window in traffic(Load(10, seconds=WAITING / 10)):
            writer.write(stamp(window, START_S))
        waiting = _used(client)
        for event in events[:EVENTS]:
            store.run(PUT_EVENT, [store.key(OUTBOX)], [event.model_dump_json()])
        return {
            "redis_track_bytes": (full - bare) / tracks,
            "redis_waiting_bytes": (waiting - full) / WAITING,
            "redis_event_bytes": (_used(client) - waiting) / len(events[:EVENTS]),
            "matcher_track_bytes": mirror_bytes / tracks,
            "load_tracks_per_s": tracks / load_s,
        }


def _fill(store: SiteStore, events: list[IdentityEvent]) -> int:
    """Decides `BUSY` and forgets nothing; returns how many tracks there are."""
    writer = EmbeddingWriter(
        store, "worker", CAMERAS, model_id=MODEL, order=ORDER, limits=RedisConfig(max_waiting=10**9)
    )
    for number, window in enumerate(traffic(BUSY)):
        writer.write(stamp(window, START_S + number * WINDOW_S))
    writer.close()
    sink = MemorySink()
    matcher(store, CAMERAS, sink, FOREVER).run(until_end=True)
    events += sink.events
    return len({event.seen.track for event in sink.events})


def load_mirror(url: str, loaded: "Queue[tuple[float, float]]") -> None:
    """As a matcher that takes over; tells the bytes that its memory grew by, and the seconds it took."""
    with SiteStore(url, "bench") as store:
        lease = acquire(store, 60.0)
        assert lease is not None, "nobody else decides"
        before_mib = resident_mib()
        begun_s = time.perf_counter()
        gallery = RedisGallery(store, lease, FOREVER, model_id=MODEL)
        taken_s = time.perf_counter() - begun_s
        grown_mib = resident_mib() - before_mib
        assert len(gallery.known()) > 0
        loaded.put((2**20 * grown_mib, taken_s))
        lease.release()


def _used(client: Any) -> float:
    return float(client.info("memory")["used_memory"])


def kafka(events: list[IdentityEvent]) -> dict[str, float]:
    """What events cost on their way through one partition."""
    with tempfile.TemporaryDirectory() as folder, KafkaBroker(Path(folder)) as broker:
        for topic in ("alone", "relayed", "mdx"):
            ensure_topic(broker.plain, topic, TopicParams(partitions=1))
        some = events[:EVENTS]
        per_s, each_us = _published(broker.plain, some)
        logged = sum(path.stat().st_size for path in (Path(folder) / "log" / "alone-0").glob("*.log"))
        return {
            "kafka_event_bytes": logged / len(some),
            "kafka_event_us": each_us,
            "kafka_events_per_s": per_s,
            "relay_events_per_s": _relayed(broker.plain, some),
            "bridge_events_per_s": _bridged(broker.plain, some[:BRIDGED]),
        }


def _published(brokers: Brokers, events: list[IdentityEvent]) -> tuple[float, float]:
    with KafkaSink(brokers, "alone") as sink:
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        for event in events:
            sink.publish(event)
        sink.flush()
        taken_s, used_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    return len(events) / taken_s, 1e6 * used_s / len(events)


def _relayed(brokers: Brokers, events: list[IdentityEvent]) -> float:
    with redis_server() as server, SiteStore(server.url, "bench") as store:
        for event in events:
            store.run(PUT_EVENT, [store.key(OUTBOX)], [event.model_dump_json()])
        begun_s = time.perf_counter()
        relay = OutboxRelay(store, lambda: KafkaSink(brokers, "relayed"), patience_s=60.0)
        try:
            assert relay.drain(time.monotonic() + 120)
            return len(events) / (time.perf_counter() - begun_s)
        finally:
            relay.close()


def _bridged(brokers: Brokers, events: list[IdentityEvent]) -> float:
    with MdxSink(brokers, "mdx") as sink:
        begun_s = time.perf_counter()
        for event in events:
            sink.publish(event)
            sink.flush()
        return len(events) / (time.perf_counter() - begun_s)
