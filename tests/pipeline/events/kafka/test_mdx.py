import json
from uuid import UUID

from passerby_events.schema import (
    Event,
    EventSighting,
    PersonAppeared,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    TrackEnded,
)
from pipeline.events.kafka.mdx import MdxAdapter, MdxParams, MtmcMessage
from testing.events import a_match, a_merge, a_sighting, a_split, an_appearance, an_end, an_erasure

SOMEBODY, ANOTHER = UUID(int=1), UUID(int=2)


def seen(camera: str, track: int, start: float, end: float) -> EventSighting:
    return a_sighting(track, camera=camera).model_copy(update={"start": start, "end": end})


def appearance(now: EventSighting, person: UUID = SOMEBODY) -> PersonAppeared:
    return an_appearance(person=person).model_copy(update={"seen": now})


def match(now: EventSighting, before: EventSighting) -> PersonMatched:
    return a_match(person=SOMEBODY).model_copy(update={"seen": now, "seen_before": before})


def ended(now: EventSighting, person: UUID = SOMEBODY) -> TrackEnded:
    return an_end(person=person).model_copy(update={"seen": now})


def send(adapter: MdxAdapter, event: Event) -> MtmcMessage:
    """The one message that an event about one person leads to."""
    (message,) = adapter.messages(event)
    return message


def merge(moved: EventSighting, *, person: UUID, other: UUID, before: EventSighting) -> PersonMerged:
    joined = a_merge().joined.model_copy(update={"seen_before": before})
    changed = {"moved": (moved,), "seen": moved, "joined": joined}
    return a_merge(person=person, other=other).model_copy(update=changed)


def split(moved: EventSighting, *, person: UUID, other: UUID) -> PersonSplit:
    """To somebody new."""
    changed = {"moved": (moved,), "seen": moved, "joined": None}
    return a_split(person=person, other=other).model_copy(update=changed)


def tracks(message: MtmcMessage) -> list[str]:
    return [f"{track.sensorId} {track.objectId}" for track in message.matched]


def test_a_match_is_a_message_with_the_fields_of_mdx() -> None:
    message = send(MdxAdapter(), match(seen("yard", 7, 15, 19.25), seen("door", 3, 5, 9)))
    assert message.key == str(SOMEBODY).encode()
    assert json.loads(message.model_dump_json()) == {
        "batchId": 0,
        "globalId": str(SOMEBODY),
        "objectType": "Person",
        "timestamp": "1970-01-01T00:00:05.000Z",
        "end": "1970-01-01T00:00:19.250Z",
        "matched": [
            {
                "id": "door #-# r1-3",
                "sensorId": "door",
                "objectId": "r1-3",
                "objectType": "Person",
                "timestamp": "1970-01-01T00:00:05.000Z",
                "end": "1970-01-01T00:00:09.000Z",
            },
            {
                "id": "yard #-# r1-7",
                "sensorId": "yard",
                "objectId": "r1-7",
                "objectType": "Person",
                "timestamp": "1970-01-01T00:00:15.000Z",
                "end": "1970-01-01T00:00:19.250Z",
            },
        ],
    }


def test_a_persons_tracks_gather_and_a_track_grows() -> None:
    adapter = MdxAdapter()
    send(adapter, appearance(seen("door", 3, 5, 6)))
    send(adapter, appearance(seen("door", 4, 5, 6), person=ANOTHER))
    send(adapter, ended(seen("door", 3, 5, 9)))
    last = send(adapter, match(seen("yard", 7, 15, 16), seen("door", 3, 5, 6)))
    assert [(track.sensorId, track.timestamp, track.end) for track in last.matched] == [
        ("door", 5, 9),
        ("yard", 15, 16),
    ]
    assert (last.batchId, last.timestamp, last.end) == (3, 5, 16)


def test_a_person_away_for_long_starts_anew() -> None:
    adapter = MdxAdapter(MdxParams(forget_after_s=60))
    send(adapter, appearance(seen("door", 3, 5, 9)))
    assert len(send(adapter, ended(seen("yard", 8, 69, 70))).matched) == 2
    assert len(send(adapter, ended(seen("gate", 9, 131, 132))).matched) == 1


def test_what_is_remembered_is_bounded() -> None:
    adapter = MdxAdapter(MdxParams(most_persons=2, most_tracks=3))
    for number in range(5):
        message = send(adapter, ended(seen("door", number, number, number + 1)))
    assert [track.objectId for track in message.matched] == ["r1-2", "r1-3", "r1-4"]
    for number in range(2, 4):
        send(adapter, ended(seen("door", 10 + number, 6, 7), person=UUID(int=number)))
    assert len(send(adapter, ended(seen("door", 9, 6, 7))).matched) == 1


def test_who_was_erased_has_no_tracks_whatever_comes_later() -> None:
    adapter = MdxAdapter()
    send(adapter, appearance(seen("door", 3, 5, 6)))
    erased = send(adapter, an_erasure(SOMEBODY))
    late = send(adapter, ended(seen("door", 3, 5, 9)))
    assert [(message.globalId, message.matched) for message in (erased, late)] == [(str(SOMEBODY), ())] * 2
    assert late.batchId == 2
    assert send(adapter, ended(seen("door", 4, 5, 9), person=ANOTHER)).matched


def test_a_merge_says_who_has_the_tracks_now_and_that_the_other_has_none() -> None:
    adapter = MdxAdapter()
    send(adapter, appearance(seen("door", 3, 5, 9)))
    send(adapter, appearance(seen("yard", 7, 15, 19), person=ANOTHER))
    moved = seen("yard", 7, 15, 22).model_copy(update={"revision": 1})
    merged = merge(moved, person=SOMEBODY, other=ANOTHER, before=seen("door", 3, 5, 9))
    joined, gone = adapter.messages(merged)
    assert (joined.globalId, tracks(joined), joined.end) == (str(SOMEBODY), ["door r1-3", "yard r1-7"], 22)
    assert (gone.globalId, tracks(gone)) == (str(ANOTHER), [])


def test_a_split_says_who_has_which_tracks_now() -> None:
    adapter = MdxAdapter()
    send(adapter, match(seen("yard", 7, 15, 19), seen("door", 3, 5, 9)))
    moved = seen("yard", 7, 15, 22).model_copy(update={"revision": 1})
    new, left = adapter.messages(split(moved, person=ANOTHER, other=SOMEBODY))
    assert (new.globalId, tracks(new)) == (str(ANOTHER), ["yard r1-7"])
    assert (left.globalId, tracks(left), left.end) == (str(SOMEBODY), ["door r1-3"], 9)


def test_what_was_corrected_stays_so_when_an_older_event_comes_late() -> None:
    adapter = MdxAdapter()
    moved = seen("yard", 7, 15, 22).model_copy(update={"revision": 1})
    adapter.messages(merge(moved, person=SOMEBODY, other=ANOTHER, before=seen("door", 3, 5, 9)))
    late = send(adapter, ended(seen("yard", 7, 15, 25), person=ANOTHER))
    assert (late.globalId, tracks(late), late.end) == (str(SOMEBODY), ["door r1-3", "yard r1-7"], 25)


def test_of_somebody_unknown_nothing_is_said_but_that_a_merge_was_the_end() -> None:
    moved = seen("yard", 7, 15, 22).model_copy(update={"revision": 1})
    parted = MdxAdapter().messages(split(moved, person=ANOTHER, other=SOMEBODY))
    assert [message.globalId for message in parted] == [str(ANOTHER)]
    merged = MdxAdapter().messages(merge(moved, person=ANOTHER, other=SOMEBODY, before=moved))
    assert [(message.globalId, len(message.matched)) for message in merged] == [(str(ANOTHER), 1), (str(SOMEBODY), 0)]
