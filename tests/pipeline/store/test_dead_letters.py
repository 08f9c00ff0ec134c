"""Letters that are played again by a worker's clock, and letters of which nobody knows what they are."""

import pytest

from pipeline.store.client import SiteStore
from pipeline.store.dead_letters import letters, play_again
from pipeline.store.keys import BACKLOG, DEAD_LETTERS, STREAM
from pipeline.store.lua import script

ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")


def bury(store: SiteStore, **fields: str) -> None:
    whole = {"id": "1000000-0", "worker": "w", "sent": "1000.5", "reason": "r", "head": "{}", "vectors": "", **fields}
    store.run(ADD, [store.key(DEAD_LETTERS)], [word for pair in whole.items() for word in pair])


def test_a_message_that_waited_for_hours_is_not_taken_for_one_of_a_wrong_clock(store: SiteStore) -> None:
    """It was written at 1000 s by the clock of Redis and at 1000.5 s by the worker's."""
    bury(store)
    assert play_again(store, now_s=9000.0) == 1
    ((_, message),) = store.entries(STREAM, 10)
    assert float(message[b"sent"]) == 9000.5
    assert store.hash(BACKLOG) == {b"w": b"1"}


@pytest.mark.parametrize("sent", ["", "never", "\ud7ff"])
def test_a_message_that_says_no_time_says_none_when_it_is_played(store: SiteStore, sent: str) -> None:
    bury(store, sent=sent)
    play_again(store, now_s=9000.0)
    assert store.entries(STREAM, 10)[0][1][b"sent"].decode() == sent


@pytest.mark.parametrize("head", ["", "[1]", '{"cameras": 7}', "[" * 10_000, '{"cameras": ["a b"]}'])
def test_whatever_a_letter_holds_it_is_listed(store: SiteStore, head: str) -> None:
    bury(store, head=head)
    (letter,) = letters(store)
    assert (letter.worker, letter.reason, letter.cameras) == ("w", "r", ())


def test_letters_of_many_pages_are_listed_once_each_and_in_order(store: SiteStore) -> None:
    for number in range(50):
        bury(store, reason=str(number))
    assert [int(each.reason) for each in letters(store)] == list(range(50))
