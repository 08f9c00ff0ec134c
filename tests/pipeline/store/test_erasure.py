"""Erasing on a real Redis server: what goes, what stays, and what cannot come back."""

import logging
from collections.abc import Sequence
from uuid import UUID

import pytest

from passerby_events.schema import Event, IdentityEvent, event_from
from pipeline.events.ids import run_id
from pipeline.matching.memory import Retention
from pipeline.matching.sightings import Sighting
from pipeline.records import EmbeddedWindow
from pipeline.store.client import LeaseLost, SiteStore, StoreError
from pipeline.store.erasure import ErasedDropped, Eraser
from pipeline.store.erasure_requests import MOST_REQUESTS, AuditEntry, ask, audit
from pipeline.store.keys import (
    AUDIT,
    ERASED,
    ERASED_COUNT,
    LEASE,
    LEDGER,
    MERGED,
    OUTBOX,
    PROGRESS,
    RECENT,
    REQUESTS,
    STREAM,
    person_key,
    sighting_key,
)
from pipeline.store.lua import script
from testing.embeddings import embedding, end
from testing.redis_desk import RedisDesk
from testing.sightings import about, ends_at, of, somebody

NOW_S = 1795248000.0
ADD = script("return redis.call('XADD', KEYS[1], '*', unpack(ARGV))")
PUT = script("return redis.call('HSET', KEYS[1], unpack(ARGV))")
KEYS = script("return redis.call('KEYS', ARGV[1])")


def outbox(store: SiteStore) -> list[Event]:
    return [event_from(fields[b"event"]) for _, fields in store.entries(OUTBOX, 1000)]


class Office:
    """A term of a matcher that erases."""

    def __init__(self, store: SiteStore, retention: Retention | None = None) -> None:
        self.desk = RedisDesk(store, retention)
        self.dropped: list[int] = []
        self.store = store
        self.eraser = Eraser(
            store,
            self.desk.lease,
            keep_s=(retention or Retention()).keep_s,
            table=self.desk.gallery.known(),
            observers=[self._note],
        )

    def _note(self, what: AuditEntry | ErasedDropped) -> None:
        if isinstance(what, ErasedDropped):
            self.dropped.append(what.count)

    def commit(self, sightings: Sequence[Sighting], events: Sequence[IdentityEvent] = ()) -> None:
        self.desk.gallery.commit(sightings, events, ends_at(20.0))

    def erase(self, person: UUID, *, tells_anyway: bool = False) -> AuditEntry:
        request = ask(self.store, person, tells_anyway=tells_anyway)
        self.eraser.take(NOW_S)
        (entry,) = (entry for _, entry in audit(self.store) if entry.request == request.id)
        return entry

    def left_of(self, window: EmbeddedWindow) -> tuple[list[int], list[int]]:
        (left,) = self.eraser.without_erased([window])
        return [each.track.track for each in left.embeddings], [each.track.track for each in left.ended]


@pytest.fixture
def office(store: SiteStore) -> Office:
    return Office(store)


def test_tracks_vectors_and_what_was_not_told_yet_are_gone_and_others_stay(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(2, 1), of(3, 3)], [about(1, 1), about(3, 3), about(2, 1)])
    entry = office.erase(somebody(1))
    assert (entry.outcome, entry.tracks, entry.events, entry.ids) == ("erased", 2, 2, (somebody(1),))
    known = office.desk.gallery.known()
    assert [str(known.row(i).track) for i in range(len(known))] == ["door/r/3"]
    assert store.members(RECENT) == [b"door:r:3"]
    gone = [sighting_key("door:r:1"), sighting_key("door:r:2"), person_key(somebody(1))]
    assert store.hashes([store.key(name) for name in gone]) == [{}, {}, {}]
    assert [(each.kind, each.person) for each in outbox(store)] == [
        ("person.matched", somebody(3)),
        ("person.erased", somebody(1)),
    ]
    assert store.length(REQUESTS) == 0


def test_nothing_but_names_of_tracks_and_ids_is_left_in_redis(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1)], [about(1, 1)])
    office.erase(somebody(1))
    left = {key.decode().partition("}:")[2] for key in store.run(KEYS, [store.key("x")], [store.key("*")])}
    assert left <= {LEASE, LEDGER, PROGRESS, OUTBOX, AUDIT, ERASED, ERASED_COUNT, REQUESTS, STREAM}
    assert store.members(ERASED) == [b"door:r:1"]


def test_the_next_term_knows_nobody_either(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(3, 3)])
    office.erase(somebody(1))
    office.desk.lease.release()
    again = Office(store)
    assert [again.desk.gallery.known().row(0).person] == [somebody(3)]
    assert again.erase(somebody(1)).outcome == "already"


def test_what_comes_late_of_an_erased_track_is_dropped_and_counted_by_later_terms_too(
    office: Office, store: SiteStore
) -> None:
    office.commit([of(1, 1), of(3, 3)])
    office.erase(somebody(1))
    late = EmbeddedWindow(
        30.0, (embedding(1, tracklet_index=1), embedding(3, tracklet_index=1), embedding(4)), (end(1), end(3))
    )
    assert office.left_of(late) == ([3, 4], [3])
    assert office.dropped == [2]
    office.desk.lease.release()
    assert Office(store).left_of(late) == ([3, 4], [3])


def test_a_track_of_which_there_still_comes_something_stays_erased(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(5, 5)])
    office.erase(somebody(1))
    office.left_of(EmbeddedWindow(30.0, (embedding(1, tracklet_index=1),), ()))
    keep_s = Retention().keep_s
    office.eraser.take(NOW_S + 0.9 * keep_s)
    ask(store, somebody(5))
    office.eraser.take(NOW_S + 1.1 * keep_s)
    assert set(store.members(ERASED)) == {b"door:r:1", b"door:r:5"}
    ask(store, somebody(5), tells_anyway=True)
    office.eraser.take(NOW_S + 2.0 * keep_s)
    assert store.members(ERASED) == [b"door:r:5"]


def test_who_has_tracks_of_another_network_is_erased_whole(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1)])
    store.run(PUT, [store.key(sighting_key("door:r:2"))], ["head", "of another network", "person", str(somebody(1))])
    store.run(PUT, [store.key(person_key(somebody(1)))], ["door:r:2", 9])
    assert office.erase(somebody(1)).tracks == 2
    assert store.hash(sighting_key("door:r:2")) == {}


def test_a_track_that_is_somebody_else_by_now_stays(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(3, 3)])
    store.run(PUT, [store.key(person_key(somebody(1)))], ["door:r:3", 9])
    assert office.erase(somebody(1)).tracks == 1
    assert len(office.desk.gallery.known()) == 1
    assert store.members(ERASED) == [b"door:r:1"]


def test_who_is_only_in_undelivered_events_is_erased_from_them(office: Office, store: SiteStore) -> None:
    office.commit([], [about(1, 1), about(3, 3)])
    entry = office.erase(somebody(1))
    assert (entry.outcome, entry.tracks, entry.events) == ("erased", 0, 1)
    assert [each.person for each in outbox(store)] == [somebody(3), somebody(1)]


def test_nobody_of_that_id_changes_nothing_and_is_in_the_audit(office: Office, store: SiteStore) -> None:
    office.commit([of(3, 3)])
    entry = office.erase(somebody(1))
    assert (entry.outcome, entry.ids) == ("unknown", ())
    assert outbox(store) == []
    assert len(office.desk.gallery.known()) == 1


def test_consumers_can_be_told_of_somebody_whom_the_site_forgot(office: Office, store: SiteStore) -> None:
    entry = office.erase(somebody(1), tells_anyway=True)
    assert (entry.outcome, entry.tracks) == ("reported", 0)
    assert [(each.kind, each.person) for each in outbox(store)] == [("person.erased", somebody(1))]
    assert office.erase(somebody(1)).outcome == "already"


def test_an_erasure_bears_the_run_of_the_gallery(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1)], [about(1, 1)])
    office.erase(somebody(1))
    assert [event.run for event in outbox(store)] == [about(1, 1).run]


def test_an_erasure_before_any_event_has_a_run_of_its_own(office: Office, store: SiteStore) -> None:
    request = office.erase(somebody(1), tells_anyway=True).request
    assert [event.run for event in outbox(store)] == [run_id(store.site, request)]


def test_an_id_that_was_merged_away_names_who_it_is_now(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(2, 1)])
    store.run(PUT, [store.key(MERGED)], [str(somebody(2)), str(somebody(7)), str(somebody(7)), str(somebody(1))])
    entry = office.erase(somebody(2))
    assert (entry.outcome, entry.into) == ("merged", somebody(1))
    assert len(store.hash(MERGED)) == 2


def test_whoever_was_merged_into_a_person_is_erased_with_it(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1), of(2, 1)], [about(2, 2)])
    store.run(PUT, [store.key(MERGED)], [str(somebody(2)), str(somebody(7)), str(somebody(7)), str(somebody(1))])
    entry = office.erase(somebody(1))
    assert entry.ids[0] == somebody(1)
    assert set(entry.ids) == {somebody(1), somebody(2), somebody(7)}
    assert (entry.tracks, entry.events) == (2, 1)
    reported = outbox(store)
    assert [each.kind for each in reported] == ["person.erased"] * 3
    assert {each.person for each in reported} == set(entry.ids)
    assert len({each.event_id for each in reported}) == 3
    assert store.hash(MERGED) == {}
    assert office.erase(somebody(2)).outcome == "already"


def test_who_lost_the_lease_erases_nothing(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1)])
    store.delete([LEASE])
    heir = Office(store)
    ask(store, somebody(1))
    with pytest.raises(LeaseLost):
        office.eraser.take(NOW_S)
    assert store.length(REQUESTS) == 1
    assert len(heir.desk.gallery.known()) == 1


def test_a_request_that_two_carry_out_counts_once(office: Office, store: SiteStore) -> None:
    office.commit([of(1, 1)])
    ask(store, somebody(1))
    ((entry_id, fields),) = store.entries(REQUESTS, 10)
    office.eraser.take(NOW_S)
    store.run(ADD, [store.key(REQUESTS)], ["request", fields[b"request"]])
    office.eraser.take(NOW_S)
    assert [entry.outcome for _, entry in audit(store)] == ["erased", "already"]
    assert [each.kind for each in outbox(store)] == ["person.erased"]
    assert entry_id


@pytest.mark.parametrize("text", [b"", b"no request", b"\xff", f"{UUID(int=1)} {UUID(int=2)}".encode()])
def test_a_request_that_is_none_is_passed_over(office: Office, store: SiteStore, text: bytes) -> None:
    store.run(ADD, [store.key(REQUESTS)], ["request", text])
    office.eraser.take(NOW_S)
    assert store.length(REQUESTS) == 0
    assert list(audit(store)) == []


def test_more_requests_than_can_wait_are_refused(store: SiteStore) -> None:
    for _ in range(MOST_REQUESTS):
        store.run(ADD, [store.key(REQUESTS)], ["request", "x"])
    with pytest.raises(StoreError, match="is a matcher running"):
        ask(store, somebody(1))


def test_the_audit_line_is_in_the_log_without_where_and_when_the_person_was_seen(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.commit([of(1, 1)], [about(1, 1)])
    with caplog.at_level(logging.WARNING):
        office.erase(somebody(1))
    (record,) = caplog.records
    assert record.message.startswith('audit: {"at":"2026-11-21T08:00:00.000Z","request":"')
    assert f'"person":"{somebody(1)}","outcome":"erased","tracks":1,"events":1' in record.message
    assert "door" not in record.message


def test_an_audit_entry_that_is_none_is_a_clear_line(store: SiteStore) -> None:
    store.run(ADD, [store.key(AUDIT)], ["entry", "x"])
    with pytest.raises(StoreError, match=r"audit entry .* expected what became of a request"):
        list(audit(store))
