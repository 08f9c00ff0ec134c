"""The table of faults: what is done to a site at work, and what must name it where it changes anything.

`docs/reliability.md` says of each what happens.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.faults import losses
from benchmarks.faults.fault_round import STARTS_WITHIN_S, FaultRound, Row, walk_passed_s
from benchmarks.faults.losses import BEGUN, HALF
from passerby_events.schema import sightings_of
from testing.services.proxy import Proxy
from testing.site.difference import undisturbed_persons
from testing.site.fault_processes import CALL_TIMEOUT_S, LEASE_S, PATIENCE_S
from testing.site.fault_site import Member, wait_until
from testing.site.town import CAMERAS

AWAY = r"cannot reach Redis|waiting for it"
AWAY_KAFKA = r"whoever takes the events|cannot reach Kafka|not delivered|deliver"
LOST = r"Redis .*lost|lost what it knew"
CLOCK = r"clock of worker"


def _calm(round_: FaultRound) -> None:
    round_.start()


def _calm_live(round_: FaultRound) -> None:
    round_.start()
    _count_late(round_)


def _count_late(round_: FaultRound, healthy: str = "door") -> None:
    """Soon after the end of the walk all tracks of the healthy camera must have been reported of."""
    round_.site.begin()
    time.sleep(walk_passed_s(round_.site) + 2.0)
    expected = {track for track in undisturbed_persons(is_live=True) if track.camera == healthy}
    reported = {seen.key for event in round_.site.events() for seen in sightings_of(event)}
    round_.late = len(expected - reported)


# A bad line.


def _delay(proxy_of: Callable[[FaultRound], Proxy], round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    for _ in range(20):
        proxy_of(round_).delay_s = round_.chance.uniform(0.02, 0.3)
        time.sleep(0.2)
    proxy_of(round_).restore()


def _cut(proxy_of: Callable[[FaultRound], Proxy], round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    for _ in range(8):
        time.sleep(round_.chance.uniform(0.0, 0.6))
        proxy_of(round_).cut()


def _truncate(proxy_of: Callable[[FaultRound], Proxy], round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    for _ in range(8):
        time.sleep(round_.chance.uniform(0.0, 0.6))
        proxy_of(round_).truncate()


def _black_hole(proxy_of: Callable[[FaultRound], Proxy], seconds: float, round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    proxy_of(round_).swallow()
    _tend_for(round_, seconds)
    proxy_of(round_).restore()
    proxy_of(round_).cut()


def _to_redis(round_: FaultRound) -> Proxy:
    return round_.proxy


def _to_kafka(round_: FaultRound) -> Proxy:
    assert round_.kafka is not None
    return round_.kafka.proxy


def _tend_for(round_: FaultRound, seconds: float) -> None:
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        round_.site.tend()
        time.sleep(0.1)


# Frozen.


def _freeze_member(which: Callable[[FaultRound], Member], round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    member = which(round_)
    member.freeze()
    _tend_for(round_, PATIENCE_S + 2 * LEASE_S)
    member.thaw()


def _freeze_redis(round_: FaultRound) -> None:
    round_.start()
    round_.until(BEGUN)
    round_.redis.freeze()
    _tend_for(round_, PATIENCE_S + 2 * CALL_TIMEOUT_S)
    round_.redis.thaw()


def _freeze_broker(round_: FaultRound) -> None:
    assert round_.kafka is not None
    round_.start()
    round_.until(BEGUN)
    round_.kafka.broker.freeze()
    _tend_for(round_, 6.0)
    round_.kafka.broker.thaw()


# Clocks.


def _worker_clock(off_s: float, round_: FaultRound) -> None:
    round_.start(yard={"clock_off_s": off_s})
    _count_late(round_)


def _matcher_clock(off_s: float, round_: FaultRound) -> None:
    round_.first = round_.site.matcher("a", clock_off_s=off_s)
    round_.second = round_.site.matcher("b", clock_off_s=off_s)
    round_.door = round_.site.worker("door")
    round_.yard = round_.site.worker("yard")
    _count_late(round_)


# Another configuration after a restart.


def _matchers_changed(changes: dict[str, object], round_: FaultRound) -> None:
    """Both matchers come back with another configuration; when they are refused, with the one of before."""
    round_.start()
    round_.until(HALF)
    before = [{name: member.options.get(name) for name in changes} for member in (round_.first, round_.second)]
    for member in (round_.first, round_.second):
        round_.site.kill(member)
    for member in (round_.first, round_.second):
        round_.site.restart(member, **changes)
    time.sleep(4.0)
    for member, options in zip((round_.first, round_.second), before, strict=True):
        if member.has_ended and member.process.code:
            member.codes.append(member.process.code)
            for name in changes:
                del member.options[name]
            round_.site.restart(member, **{name: value for name, value in options.items() if value is not None})


def _worker_changed(changes: dict[str, object], round_: FaultRound) -> None:
    """A worker comes back with another configuration before the matchers do; later as it was."""
    round_.start()
    round_.until(HALF)
    member = round_.yard
    round_.site.kill(member)
    round_.site.restart(member, **changes)
    wait_s = time.monotonic() + 4.0
    while time.monotonic() < wait_s and not member.has_ended:
        time.sleep(0.1)
    if member.has_ended and member.process.code:
        member.codes.append(member.process.code)
        for name in changes:
            del member.options[name]
        round_.site.restart(member)


# Two of one.


def _same_camera(options: dict[str, object], round_: FaultRound) -> None:
    """The second comes while the first has work for longer than anybody waits for a camera."""
    round_.start(yard={"pause_s": 0.12})
    round_.until(BEGUN)
    second = round_.site.worker("yard", session="again", **options)
    wait_until(lambda: second.has_ended, STARTS_WITHIN_S)
    second.codes.append(second.process.code or 0)
    second.is_given_up = True


def _all() -> Iterator[Row]:
    yield Row("calm", _calm)
    yield Row("calm, live", _calm_live, is_live=True)
    for name, proxy_of, named, metric, to_kafka in (
        ("Redis", _to_redis, AWAY, "", False),
        ("Kafka", _to_kafka, AWAY_KAFKA, "", True),
    ):
        row = partial(Row, named_by=named, metric=metric, to_kafka=to_kafka)
        yield row(f"{name}: replies delayed", partial(_delay, proxy_of))
        yield row(f"{name}: connections cut", partial(_cut, proxy_of))
        yield row(f"{name}: replies truncated", partial(_truncate, proxy_of))
        yield row(f"{name}: black hole, within patience", partial(_black_hole, proxy_of, 3.0))
        yield row(f"{name}: black hole, past patience", partial(_black_hole, proxy_of, 8.0))
    yield Row("frozen: worker", partial(_freeze_member, lambda each: each.yard))
    yield Row("frozen: leading matcher", partial(_freeze_member, FaultRound.leader), "stands by")
    yield Row("frozen: standing-by matcher", partial(_freeze_member, lambda each: each.other(each.leader())))
    yield Row("frozen: redis-server", _freeze_redis, AWAY)
    yield Row("frozen: broker", _freeze_broker, AWAY_KAFKA, to_kafka=True)
    lost = partial(Row, named_by=LOST, metric="reid_store_losses_total")
    missed = partial(lost, must_be_named=True)
    yield lost("AOF cut back by a second", losses.cut_back_a_second)
    yield missed("FLUSHALL", losses.flush)
    yield missed("FLUSHALL as the workers end", partial(losses.lose_last_words, losses.flush_all))
    yield Row("Redis is full", losses.be_full, r"error: Redis .* refuses")
    yield Row("eviction", losses.evict, r"when it is full \(allkeys-lru\)", must_be_named=True)
    for pattern in (
        "embeddings", "backlog", "writers", "sighting:*", "person:*", "merged", "recent", "progress", "ledger",
        "agreement", "claim:*", "lease",
    ):  # fmt: skip
        yield lost(f"deleted: {pattern}", partial(losses.delete, pattern))
    last_words = partial(losses.lose_last_words, losses.delete_stream)
    yield missed("deleted: embeddings, as the workers end", last_words)
    yield missed("deleted: outbox", losses.delete_outbox, to_kafka=True)
    yield missed("deleted: erasures", losses.delete_erasures)
    yield missed("deleted: audit", losses.delete_audit)
    yield missed("deleted: erased", losses.delete_erased)
    yield missed("deleted: dead", losses.delete_dead_letters)
    yield lost("deleted: lease and token, nobody killed", losses.two_leaders)
    for name, off_s in (("2 minutes", 120.0), ("2 hours", 7200.0), ("a day", 86400.0)):
        for word, sign in (("behind", -1), ("ahead", 1)):
            clock = partial(Row, is_live=True, named_by=CLOCK, metric="reid_worker_clock_offset_seconds")
            yield clock(f"clock of a worker {name} {word}", partial(_worker_clock, sign * off_s))
            yield clock(f"clock of the matchers {name} {word}", partial(_matcher_clock, sign * off_s))
    changes: tuple[tuple[str, dict[str, object], dict[str, object]], ...] = (
        ("window_s", {"window_s": 2.0}, {"window_s": 2.0}),
        ("encoder", {"model_id": "other@1"}, {"model_id": "other@1"}),
        ("a camera renamed", {"cameras": ("door", "garden")}, {"called": "garden"}),
        ("a camera more", {"cameras": (*CAMERAS, "gate")}, {}),
        ("a camera less", {"cameras": ("door",)}, {}),
    )
    for name, matcher, worker in changes:
        changed = partial(Row, named_by=r"error: .*(set it back|start its matcher)")
        yield changed(f"changed in the matchers: {name}", partial(_matchers_changed, matcher))
        if worker:
            yield changed(f"changed in a worker first: {name}", partial(_worker_changed, worker))
    held = partial(Row, named_by=r"error: .*another worker")
    yield held("one camera in two live workers", partial(_same_camera, {"worker": "yard-again"}))
    yield held("two workers of one name and camera", partial(_same_camera, {}))


ROWS = {row.name: row for row in _all()}
