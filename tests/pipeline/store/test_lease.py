import pytest

from pipeline.store.client import LeaseLost, SiteStore
from pipeline.store.lease import acquire
from pipeline.store.lua import script
from testing.waiting import until

SHORTEN = script("return redis.call('PEXPIRE', KEYS[1], ARGV[1])")
FORGET_ALL = script("for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end")
LEFT_MS = script("return redis.call('PTTL', KEYS[1])")


def test_one_has_the_lease_and_the_next_gets_it_when_it_is_released(store: SiteStore) -> None:
    first = acquire(store, 10.0)
    assert first is not None
    assert acquire(store, 10.0) is None
    first.release()
    second = acquire(store, 10.0)
    assert second is not None
    assert second.token != first.token


def test_no_token_comes_twice_whatever_redis_has_forgotten(store: SiteStore) -> None:
    first = acquire(store, 10.0)
    assert first is not None
    store.run(FORGET_ALL, [], [f"{store.key('')}*"])
    second = acquire(store, 10.0)
    assert second is not None
    with pytest.raises(LeaseLost):
        first.renew()
    second.renew()


def test_a_lease_that_is_not_renewed_ends(store: SiteStore) -> None:
    first = acquire(store, 0.1)
    assert first is not None
    until(lambda: acquire(store, 10.0), "the lease ends")
    with pytest.raises(LeaseLost):
        first.renew()
    with pytest.raises(LeaseLost):
        first.release()


def test_who_has_a_lease_can_replace_it_by_one_that_shuts_out_what_was_sent_under_the_first(store: SiteStore) -> None:
    first = acquire(store, 10.0)
    second = acquire(store, 10.0, replaces=first)
    assert first is not None
    assert second is not None
    with pytest.raises(LeaseLost):
        first.renew()
    assert acquire(store, 10.0, replaces=first) is None


def test_a_lease_that_is_renewed_goes_on(store: SiteStore) -> None:
    lease = acquire(store, 60.0)
    assert lease is not None
    store.run(SHORTEN, [store.key("lease")], [5000])
    lease.renew()
    assert store.run(LEFT_MS, [store.key("lease")], []) > 50_000
