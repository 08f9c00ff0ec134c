"""`reid-pipeline letters`: what could not be used is seen, played again, or dropped."""

import json
from collections.abc import Callable

import pytest

from pipeline.cli import main
from pipeline.events.memory import MemorySink
from pipeline.store.client import SiteStore
from pipeline.store.keys import BACKLOG, DEAD_LETTERS, OUTBOX, claim_key
from pipeline.store.ledger import Ledger
from pipeline.store.lua import script
from pipeline.store.outbox import OutboxRelay
from pipeline.store.scripts import DEAD_LETTERS_BYTES, REFUSE_EVENT
from testing.redis_desk import RedisDesk
from testing.sightings import event
from testing.site.room import Room, write
from testing.waiting import until

Letters = Callable[[str], int]
ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")


@pytest.fixture
def letters(store: SiteStore, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Letters:
    """The command at the site of this test."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    return lambda what: main(["letters", what, "--site", store.site])


def dead_letter_a_backlog(store: SiteStore) -> None:
    """A matcher of another network was started over what a worker had written."""
    write(store, 1, 2, 3)
    other = Room(store, model_id="other@1", accepts_changes=True)
    other.start()
    until(lambda: store.length(DEAD_LETTERS) == 5)
    other.stop()
    assert not other.sink.events


def test_a_backlog_that_was_dead_lettered_is_played_again_and_decided(
    letters: Letters, store: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_a_backlog(store)
    assert letters("list") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["kind"], line["worker"], line["cameras"]) for line in lines] == [("message", "w", ["door"])] * 5
    assert lines[1]["reason"] == "expected vectors of other@1, found those of m@1"
    assert letters("play") == 0
    assert capsys.readouterr().out == "5 dead letters wait once more to be decided or delivered\n"
    right = Room(store, accepts_changes=True)
    right.matcher.run(until_end=True)
    assert [each.kind for each in right.sink.events] == ["person.appeared", "track.ended"] * 3
    assert store.length(DEAD_LETTERS) == 0
    assert int(store.hash(BACKLOG)[b"w"]) == 1, "its last word, as at every end"


def test_what_is_played_of_a_worker_that_has_ended_keeps_nobody_waiting(letters: Letters, store: SiteStore) -> None:
    dead_letter_a_backlog(store)
    last = store.entries(DEAD_LETTERS, 5)[-1][0]
    store.remove_entries(DEAD_LETTERS, [last])
    store.delete([claim_key("door")])
    letters("play")
    right = Room(store, accepts_changes=True)
    right.matcher.run(until_end=True)
    assert len(right.sink.events) == 6


@pytest.mark.parametrize("fields", [["worker", "w", "head", "no message"], ["head", "no message", "of", "nobody"]])
def test_what_is_still_unusable_becomes_a_letter_once_more(
    letters: Letters, store: SiteStore, capsys: pytest.CaptureFixture[str], fields: list[str]
) -> None:
    write(store, 1)
    store.run(ADD, [store.key("embeddings")], fields)
    Room(store).matcher.run(until_end=True)
    for _ in range(2):
        assert letters("play") == 0
        Room(store).matcher.run(until_end=True)
        ((_, letter),) = store.entries(DEAD_LETTERS, 10)
        assert letter[b"head"] == b"no message"
    capsys.readouterr()
    assert letters("list") == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "message"


def test_an_event_that_was_refused_is_delivered_when_it_is_played(
    letters: Letters, store: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = event(1)
    store.run(REFUSE_EVENT, [], ["1-0", DEAD_LETTERS_BYTES, "too large", refused.model_dump_json()])
    letters("list")
    assert json.loads(capsys.readouterr().out)["kind"] == "event"
    assert letters("play") == 0
    sink = MemorySink()
    relay = OutboxRelay(store, lambda: sink, patience_s=5.0)
    until(lambda: [each.event_id for each in sink.events] == [refused.event_id])
    relay.close()
    assert store.length(OUTBOX) == 0


def test_letters_that_are_dropped_are_not_missed(
    letters: Letters, store: SiteStore, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter_a_backlog(store)
    assert letters("drop") == 0
    assert capsys.readouterr().out == "5 dead letters deleted\n"
    assert not Ledger(store).look(RedisDesk(store).lease).lost
    assert letters("drop") == 0
