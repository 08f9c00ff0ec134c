"""What Redis loses in the table of faults: a second, one kind of keys, or all; by accident, or because it is full."""

import time
from collections.abc import Callable
from uuid import uuid4

import redis

from benchmarks.faults.fault_round import ENDS_WITHIN_S, STARTS_WITHIN_S, FaultRound
from pipeline.store.erasure_requests import ask
from pipeline.store.keys import AUDIT, DEAD_LETTERS, ERASED, OUTBOX, REQUESTS, STREAM
from pipeline.store.site_matcher import CHECKS_EVERY_S
from testing.services.append_only import append_only_file, cut_back
from testing.site.fault_site import wait_until

BEGUN, HALF, LATE = 0.25, 0.45, 0.7
"""Shares of the walk that are decided when something happens."""
BYSTANDERS = 2000
"""Keys of somebody else in the same Redis, of a kilobyte each, among which it chooses what to throw away."""


def cut_back_a_second(round_: FaultRound) -> None:
    """A power cut with `appendfsync everysec`."""
    round_.start()
    round_.until(HALF)
    file = append_only_file(round_.folder)
    size = file.stat().st_size
    time.sleep(1.0)
    round_.redis.kill()
    taken = cut_back(file, size)
    round_.seen.append(f"{taken} bytes cut off")
    round_.redis.start()


def flush(round_: FaultRound) -> None:
    round_.start()
    round_.until(HALF)
    _flush(round_)


def lose_last_words(lose: Callable[[FaultRound], None], round_: FaultRound) -> None:
    """Workers end while nobody reads what they say, and then it is lost."""
    round_.start()
    round_.until(LATE)
    matchers = (round_.first, round_.second)
    for member in matchers:
        member.freeze()
    wait_until(lambda: round_.door.has_ended and round_.yard.has_ended, ENDS_WITHIN_S)
    lose(round_)
    for member in matchers:
        member.thaw()


def flush_all(round_: FaultRound) -> None:
    _flush(round_)


def delete_stream(round_: FaultRound) -> None:
    _delete(round_, STREAM)


def be_full(round_: FaultRound) -> None:
    """Memory runs out, and Redis refuses to write."""
    round_.start()
    round_.until(BEGUN)
    with redis.Redis.from_url(round_.redis.url) as client:
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - 150_000)
        time.sleep(0.5)
        client.config_set("maxmemory", 0)


def evict(round_: FaultRound) -> None:
    """Memory runs out under a policy that was set after the start: Redis throws away what was not used for longest."""
    round_.start(door={"pause_s": 0.15}, yard={"pause_s": 0.15})
    with redis.Redis.from_url(round_.redis.url) as client:
        round_.until(BEGUN)
        for number in range(BYSTANDERS):
            client.set(f"somebody else:{number}", b"x" * 1000)
        client.config_set("maxmemory-samples", 64)
        client.config_set("maxmemory-policy", "allkeys-lru")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - 200 * BYSTANDERS)
        time.sleep(CHECKS_EVERY_S + 2.0)
        left = sum(1 for _ in client.scan_iter("somebody else:*", count=1000))
        evicted = int(client.info("stats")["evicted_keys"])
        round_.seen.append(f"{evicted} keys were thrown away, {evicted - BYSTANDERS + left} of the site")
        client.config_set("maxmemory", 0)


def delete(pattern: str, round_: FaultRound) -> None:
    """Keys of one kind go; then whoever decides is killed, so that another has to live on what is left."""
    round_.start()
    round_.until(HALF)
    _delete_behind_leader(round_, pattern)


def delete_outbox(round_: FaultRound) -> None:
    """While nobody takes events."""
    assert round_.kafka is not None
    round_.start()
    round_.until(BEGUN)
    round_.kafka.proxy.swallow()
    _wait_for(round_, OUTBOX)
    _delete_behind_leader(round_, OUTBOX)
    round_.kafka.proxy.restore()
    round_.kafka.proxy.cut()


def delete_erasures(round_: FaultRound) -> None:
    """Before a matcher has taken the request."""
    round_.start()
    round_.until(HALF)
    leader = round_.leader()
    leader.freeze()
    ask(round_.site.store, uuid4())
    _delete(round_, REQUESTS)
    leader.thaw()


def delete_audit(round_: FaultRound) -> None:
    """Behind an erasure of nobody."""
    round_.start()
    round_.until(BEGUN)
    ask(round_.site.store, uuid4())
    _wait_for(round_, AUDIT)
    _delete_behind_leader(round_, AUDIT)


def delete_erased(round_: FaultRound) -> None:
    """Behind an erasure of somebody, who is missing in any case."""
    round_.start()
    round_.until(BEGUN)
    wait_until(round_.site.events, STARTS_WITHIN_S)
    ask(round_.site.store, round_.site.events()[0].person)
    _wait_for(round_, AUDIT)
    _delete_behind_leader(round_, ERASED)


def delete_dead_letters(round_: FaultRound) -> None:
    """Behind a message that nobody can use."""
    round_.start()
    round_.until(BEGUN)
    with redis.Redis.from_url(round_.redis.url) as client:
        client.xadd(round_.site.store.key(STREAM), {"worker": "nobody", "head": "no message"})
    _wait_for(round_, DEAD_LETTERS)
    _delete_behind_leader(round_, DEAD_LETTERS)


def two_leaders(round_: FaultRound) -> None:
    """The lease goes, and whatever else tokens were counted by: the next one must not be what somebody has already."""
    round_.start()
    round_.until(HALF)
    _delete(round_, "lease token")


def _flush(round_: FaultRound) -> None:
    with redis.Redis.from_url(round_.redis.url) as client:
        client.flushall()


def _wait_for(round_: FaultRound, stream: str) -> None:
    if not wait_until(lambda: round_.site.store.length(stream), STARTS_WITHIN_S):
        round_.seen.append(f"nothing came into {stream}")


def _delete(round_: FaultRound, pattern: str) -> None:
    with redis.Redis.from_url(round_.redis.url) as client:
        keys = [key for each in pattern.split() for key in client.scan_iter(f"reid:*:{each}", count=1000)]
        round_.seen.append(f"{len(keys)} keys")
        if keys:
            client.delete(*keys)


def _delete_behind_leader(round_: FaultRound, pattern: str) -> None:
    """Whoever decides is frozen first, and killed: another has to find out."""
    member = round_.leader()
    member.freeze()
    _delete(round_, pattern)
    round_.site.kill(member)
    member.is_frozen = False
    round_.site.restart(member)
