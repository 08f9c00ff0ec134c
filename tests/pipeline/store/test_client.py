import pytest

from pipeline.store.client import SiteStore, StoreError, StoreUnavailable
from pipeline.store.keys import GROUP, OUTBOX, STREAM
from pipeline.store.lua import script
from testing.services.ports import free_port


def test_nobody_there_is_one_clear_line_without_the_password() -> None:
    with SiteStore(f"redis://reid:secret@127.0.0.1:{free_port()}/0", "shop") as store:
        with pytest.raises(
            StoreUnavailable, match=r"cannot reach Redis at redis://127\.0\.0\.1:\d+/0 \(connection refused\)$"
        ) as caught:
            store.length(OUTBOX)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://reid:secret@store", "redis://reid:secret@a..b", f"redis://reid:secret@{'a' * 64}.example:6379/0"]
)
def test_an_address_that_is_none_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(StoreError, match="expected an address of Redis") as caught:
        SiteStore(url, "shop")
    assert "secret" not in str(caught.value)


def test_a_wrong_password_is_a_refusal_and_not_a_reason_to_try_again(redis_url: str) -> None:
    with SiteStore(redis_url.replace("redis://", "redis://nobody:secret@"), "shop") as store:
        with pytest.raises(StoreError, match="check user, password and permissions") as caught:
            store.length(OUTBOX)
        assert not isinstance(caught.value, StoreUnavailable)
        assert "secret" not in str(caught.value)


def test_a_script_that_redis_has_forgotten_is_sent_again(store: SiteStore) -> None:
    echo = script("return ARGV[1] -- nobody else has this one")
    assert store.run(echo, [store.key("x")], ["hello"]) == b"hello"
    assert store.run(echo, [store.key("x")], ["again"]) == b"again"


def test_all_keys_of_a_site_share_a_hash_tag(store: SiteStore) -> None:
    assert store.key(OUTBOX).startswith("reid:{test-")
    assert store.key(OUTBOX).endswith("}:" + OUTBOX)


def test_making_a_group_twice_does_nothing(store: SiteStore) -> None:
    store.make_group(STREAM, GROUP)
    store.make_group(STREAM, GROUP)
    assert store.length(STREAM) == 0
