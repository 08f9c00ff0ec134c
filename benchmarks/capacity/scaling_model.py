"""How much a site needs, from what one embedding, one live track and one event cost: arithmetic, and nothing measured.

Costs are linear: in messages and embeddings for matcher and Redis, in live tracks for search and memory. `search_ns`
alone is a curve, because a row that is read once serves all queries of a window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a message, which a worker sends each second whether it saw anybody or not, and of an embedding in it."""

    message: float
    embedding: float

    def of(self, messages: float, embeddings: float) -> float:
        return messages * self.message + embeddings * self.embedding


@dataclass(frozen=True, slots=True)
class Measured:
    """What `benchmarks.capacity.scaling` measures.

    Attributes:
        wire_bytes: from worker to Redis, and again from Redis to matcher.
        matcher_us: CPU time of the matcher, but for search and Kafka.
        redis_us: CPU time of Redis.
        redis_commands: carried out, those within scripts too.
        aof_bytes: written to the append-only file.
        search_queries, search_ns: per live track and window, for windows of so many queries.
        redis_track_bytes: memory of Redis for each live track, its person included.
        redis_waiting_bytes: for each message with one embedding that waits to be decided.
        redis_event_bytes: for each event that waits to be delivered.
        matcher_track_bytes: memory of the matcher for each live track.
        load_tracks_per_s: how fast a matcher that takes over loads what the site remembers.
        kafka_event_bytes: in a partition's log.
        kafka_event_us: CPU time of the matcher to publish one.
        kafka_events_per_s: through one partition, from a sink alone.
        relay_events_per_s: from the outbox in Redis into Kafka, delivered and forgotten.
        bridge_events_per_s: one `events mdx`, which waits for each.
    """

    wire_bytes: Cost
    matcher_us: Cost
    redis_us: Cost
    redis_commands: Cost
    aof_bytes: Cost
    search_queries: tuple[int, ...]
    search_ns: tuple[float, ...]
    redis_track_bytes: float
    redis_waiting_bytes: float
    redis_event_bytes: float
    matcher_track_bytes: float
    load_tracks_per_s: float
    kafka_event_bytes: float
    kafka_event_us: float
    kafka_events_per_s: float
    relay_events_per_s: float
    bridge_events_per_s: float

    def search_s(self, tracks: float, queries: float) -> float:
        """Of one window; beyond the queries that were measured, in proportion to them."""
        most = self.search_queries[-1]
        ns = float(np.interp(min(queries, most), self.search_queries, self.search_ns))
        return 1e-9 * tracks * ns * max(1.0, queries / most)


@dataclass(frozen=True, slots=True)
class Site:
    """What the reader fills in.

    Attributes:
        cameras: of one site, which one matcher decides for.
        cameras_per_worker: in one process.
        tracks_per_minute: people who pass by one camera.
        tracklets: embeddings of each track; one that is seen for 30 s has 4.
        retention_h: how long a track is remembered.
        fps: frames that are looked at, of each camera.
        stream_mbit: what a camera sends, Mbit/s.
        frame_core_ms: of a core, for one frame: decoding, detector, tracker, encoder.
        worker_mib: memory of a worker.
        kafka_copies, kafka_days: of each event, and how long.
    """

    cameras: int = 10
    cameras_per_worker: int = 2
    tracks_per_minute: float = 6.0
    tracklets: float = 4.0
    retention_h: float = 4.0
    fps: float = 10.0
    stream_mbit: float = 3.0
    frame_core_ms: float = 21.8
    worker_mib: float = 330.0
    kafka_copies: int = 3
    kafka_days: float = 1.0

    @property
    def workers(self) -> int:
        return math.ceil(self.cameras / self.cameras_per_worker)

    @property
    def tracks_per_s(self) -> float:
        return self.cameras * self.tracks_per_minute / 60

    @property
    def embeddings_per_s(self) -> float:
        return self.tracks_per_s * self.tracklets

    @property
    def events_per_s(self) -> float:
        """One when somebody is recognised or is new, one when the track ends."""
        return 2 * self.tracks_per_s

    @property
    def live_tracks(self) -> float:
        return self.tracks_per_s * self.retention_h * HOUR_S


@dataclass(frozen=True, slots=True)
class Need:
    """One row of the answer: of one site, in `unit`; `adds_up` over sites, or is the same however many there are."""

    what: str
    one: float
    unit: str
    adds_up: bool = True


def matcher_cores(measured: Measured, site: Site) -> float:
    """Share of a core that the matcher takes; its one thread has one. Each embedding is searched for, at most."""
    return (
        1e-6 * measured.matcher_us.of(site.workers, site.embeddings_per_s)
        + 1e-6 * measured.kafka_event_us * site.events_per_s
        + measured.search_s(site.live_tracks, site.embeddings_per_s)
    )


def needs(measured: Measured, site: Site) -> Sequence[Need]:
    """All that a site takes."""
    messages, embeddings = site.workers, site.embeddings_per_s
    wire = measured.wire_bytes.of(messages, embeddings)
    kafka = measured.kafka_event_bytes * site.events_per_s
    return (
        Need("cameras", site.cameras, ""),
        Need("worker processes", site.workers, ""),
        Need("worker cores", site.cameras * site.fps * site.frame_core_ms / 1000, "cores"),
        Need("worker memory", site.workers * site.worker_mib / 1024, "GiB"),
        Need("from cameras to workers", site.cameras * site.stream_mbit, "Mbit/s"),
        Need("embeddings", embeddings, "/s"),
        Need("from workers to Redis", 8e-6 * wire, "Mbit/s"),
        Need("Redis, commands", measured.redis_commands.of(messages, embeddings), "/s"),
        Need("Redis, CPU", 1e-6 * measured.redis_us.of(messages, embeddings), "cores"),
        Need("Redis, append-only file", 1e-6 * measured.aof_bytes.of(messages, embeddings), "MB/s"),
        Need("live tracks", site.live_tracks, ""),
        Need("Redis, memory of live tracks", site.live_tracks * measured.redis_track_bytes / 2**20, "MiB"),
        Need("Redis, memory of 10 min without a matcher", waiting_mib(measured, site, 600), "MiB"),
        Need(
            "Redis, memory of 10 min without Kafka", 600 * site.events_per_s * measured.redis_event_bytes / 2**20, "MiB"
        ),
        Need("matcher, CPU", matcher_cores(measured, site), "cores"),
        Need("matcher, of it search", measured.search_s(site.live_tracks, embeddings), "cores"),
        Need("matcher, memory of live tracks", site.live_tracks * measured.matcher_track_bytes / 2**20, "MiB"),
        Need("matcher, time to take over", site.live_tracks / measured.load_tracks_per_s, "s", adds_up=False),
        Need("events", site.events_per_s, "/s"),
        Need("into Kafka", 8e-6 * kafka, "Mbit/s"),
        Need("Kafka, disk", 1e-9 * kafka * site.kafka_days * DAY_S * site.kafka_copies, "GB"),
    )


def waiting_mib(measured: Measured, site: Site, seconds: float) -> float:
    """Of embeddings that nobody decides; each worker stops at 1024 messages, one a second."""
    return min(seconds, 1024) * site.embeddings_per_s * measured.redis_waiting_bytes / 2**20


def most_cameras(measured: Measured, site: Site, cores: float) -> int:
    """How many cameras one matcher decides for in so much of its core; more of them bring more to search, and through
    more. 0 if not even one."""
    low, high = 0, 1
    while matcher_cores(measured, replace(site, cameras=high)) <= cores:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if matcher_cores(measured, replace(site, cameras=middle)) <= cores:
            low = middle
        else:
            high = middle
    return low


def most_tracks(measured: Measured, queries: float, budget_s: float) -> float:
    """Live tracks that so many queries are searched among in `budget_s`."""
    return budget_s / measured.search_s(1.0, queries)
