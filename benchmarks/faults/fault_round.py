"""One round of one row of the table of faults: a site at work, something that happens to it, and what came of it."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from passerby_events.schema import event_from
from pipeline.events.kafka.topics import TopicParams, ensure_topic
from pipeline.store.site_matcher import LEADING
from testing.services.kafka import KafkaBroker
from testing.services.kafka_topics import messages_at
from testing.services.proxy import Proxy
from testing.services.redis import RedisServer
from testing.site.difference import Difference, differ, undisturbed_persons
from testing.site.fault_processes import LIVE_SCALE
from testing.site.fault_site import FaultSite, Member, wait_until
from testing.site.site_processes import PLAYED_SECONDS

STARTS_WITHIN_S = 40.0
ENDS_WITHIN_S = 45.0
"""A walk takes six or twelve seconds; a row that has not ended then never will."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """A broker, and the proxy through which matchers reach it."""

    broker: KafkaBroker
    proxy: Proxy


@dataclass(eq=False)
class FaultRound:
    """What a row may do things to.

    Attributes:
        site: its processes.
        redis: the server.
        folder: of the server's files.
        proxy: between the processes and Redis.
        kafka: where events go, for rows about that.
        chance: for moments.
        seen: what was seen on the way, for the report.
        late: tracks of the undisturbed camera that were not seen of while the walk went on.
    """

    site: FaultSite
    redis: RedisServer
    folder: Path
    proxy: Proxy
    kafka: Kafka | None
    chance: Random
    seen: list[str] = field(default_factory=list)
    late: int = 0

    def start(self, *, door: dict[str, object] | None = None, yard: dict[str, object] | None = None) -> None:
        """The whole site, undisturbed."""
        self.first = self.site.matcher("a")
        self.second = self.site.matcher("b")
        self.door = self.site.worker("door", **(door or {}))
        self.yard = self.site.worker("yard", **(yard or {}))

    def until(self, share: float) -> None:
        """Waits until so much of the walk is decided; goes on in any case after a while."""
        if not wait_until(lambda: self.site.tend() or self.site.share_decided() >= share, STARTS_WITHIN_S):
            self.seen.append(f"{share:.0%} decided was not reached")

    def leader(self) -> Member:
        """The matcher that decides."""
        matchers = [self.first, self.second]

        def leads() -> Member | None:
            at_work = [each for each in matchers if not (each.has_ended or each.is_frozen)]
            return next((each for each in at_work if each.process.state() == LEADING), None)

        wait_until(leads, STARTS_WITHIN_S)
        return leads() or matchers[0]

    def other(self, member: Member) -> Member:
        return self.second if member is self.first else self.first

    def finish(self, within_s: float = ENDS_WITHIN_S) -> bool:
        """Waits until everybody has ended, starting again what ended badly; whether they did in time."""
        return wait_until(self.site.tend, within_s)


@dataclass(frozen=True, slots=True)
class Row:
    """A fault.

    Attributes:
        name: as the page of faults says it.
        play: does it to a site, which may run already.
        named_by: what a log line says that names it.
        metric: shows it.
        is_live: the cameras are live.
        to_kafka: events go to Kafka.
        must_be_named: something is lost that who each track is does not show.
    """

    name: str
    play: Callable[[FaultRound], None]
    named_by: str = ""
    metric: str = ""
    is_live: bool = False
    to_kafka: bool = False
    must_be_named: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a round.

    Attributes:
        difference: to an undisturbed run.
        late: see `FaultRound`.
        codes: exit codes other than 0, by member.
        has_ended: everybody came to an end.
        lines: of the logs, that name the fault.
        shown: the metric that shows it.
        has_traceback: somebody fell over.
        must_be_named: see `Row`.
    """

    row: str
    seed: int
    difference: Difference
    late: int
    codes: dict[str, list[int]]
    has_ended: bool
    lines: list[str]
    shown: float
    has_traceback: bool
    seconds: float
    seen: list[str]
    must_be_named: bool = False

    @property
    def is_zero(self) -> bool:
        return self.difference.is_none and self.has_ended and not self.late

    @property
    def is_silent(self) -> bool:
        is_named = bool(self.lines and self.shown)
        return self.has_traceback or not (is_named or (self.is_zero and not self.must_be_named))


def play(row: Row, seed: int, folder: Path, kafka: Kafka | None) -> Outcome:
    """One round, over a Redis that holds nothing yet."""
    (folder / "redis").mkdir(parents=True)
    started_s = time.monotonic()
    redis = RedisServer(folder / "redis").start()
    proxy = Proxy(redis.port)
    topic = re.sub(r"[^A-Za-z0-9]+", "-", f"{row.name}-{seed}") if row.to_kafka else ""
    site = FaultSite(
        f"redis://127.0.0.1:{proxy.port}/0",
        redis.url,
        folder,
        is_live=row.is_live,
        brokers=f"127.0.0.1:{kafka.proxy.port}" if kafka else "",
        topic=topic,
    )
    round_ = FaultRound(site, redis, folder / "redis", proxy, kafka if row.to_kafka else None, Random(seed))
    try:
        _make_topic(round_, topic)
        row.play(round_)
        has_ended = round_.finish()
        events = site.events()
        if topic and kafka:
            events += [event_from(message.value) for message in messages_at(kafka.broker.plain, topic)]
    finally:
        site.close()
        proxy.close()
        redis.stop()
    log = site.log()
    return Outcome(
        row=row.name,
        seed=seed,
        difference=differ(undisturbed_persons(is_live=row.is_live), events),
        late=round_.late,
        codes={member.label: member.codes for member in site.members if member.codes},
        has_ended=has_ended,
        lines=_naming(log, row.named_by),
        shown=site.metric(row.metric) if row.metric else 1.0,
        has_traceback="Traceback" in log,
        seconds=time.monotonic() - started_s,
        seen=round_.seen,
        must_be_named=row.must_be_named,
    )


def walk_passed_s(site: FaultSite) -> float:
    """Of a live walk, seconds until it is over."""
    assert site.live_from_s is not None
    return max(0.0, site.live_from_s + PLAYED_SECONDS * LIVE_SCALE - time.time())


def _make_topic(round_: FaultRound, topic: str) -> None:
    if topic and round_.kafka:
        ensure_topic(round_.kafka.broker.plain, topic, TopicParams(partitions=4))


def _naming(log: str, pattern: str) -> list[str]:
    return [line for line in log.splitlines() if pattern and re.search(pattern, line)]
