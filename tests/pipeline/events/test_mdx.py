import json
from uuid import UUID

from pipeline.events.mdx import MdxAdapter, MdxParams
from pipeline.events.schema import IdentityEvent, Kind, Sighting
from tests.pipeline.events.test_schema import an_erasure, an_event

SOMEBODY, ANOTHER = UUID(int=1), UUID(int=2)


def seen(camera: str, track: int, start: float, end: float) -> Sighting:
    return Sighting(camera=camera, run="r1", track=track, start=start, end=end, clock="receive")


def event(kind: Kind, now: Sighting, before: Sighting | None = None, *, person: UUID = SOMEBODY) -> IdentityEvent:
    return an_event().model_copy(
        update={"kind": kind, "seen": now, "seen_before": before, "person": person, "camera": now.camera}
    )


def test_a_match_is_a_message_with_the_fields_of_mdx() -> None:
    message = MdxAdapter().message(event("person.matched", seen("yard", 7, 15, 19.25), seen("door", 3, 5, 9)))
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
    adapter.message(event("person.appeared", seen("door", 3, 5, 6)))
    adapter.message(event("person.appeared", seen("door", 4, 5, 6), person=ANOTHER))
    adapter.message(event("track.ended", seen("door", 3, 5, 9)))
    last = adapter.message(event("person.matched", seen("yard", 7, 15, 16), seen("door", 3, 5, 6)))
    assert [(track.sensorId, track.timestamp, track.end) for track in last.matched] == [
        ("door", 5, 9),
        ("yard", 15, 16),
    ]
    assert (last.batchId, last.timestamp, last.end) == (3, 5, 16)


def test_a_person_away_for_long_starts_anew() -> None:
    adapter = MdxAdapter(MdxParams(forget_after_s=60))
    adapter.message(event("person.appeared", seen("door", 3, 5, 9)))
    assert len(adapter.message(event("track.ended", seen("yard", 8, 69, 70))).matched) == 2
    assert len(adapter.message(event("track.ended", seen("gate", 9, 131, 132))).matched) == 1


def test_what_is_remembered_is_bounded() -> None:
    adapter = MdxAdapter(MdxParams(most_persons=2, most_tracks=3))
    for number in range(5):
        message = adapter.message(event("track.ended", seen("door", number, number, number + 1)))
    assert [track.objectId for track in message.matched] == ["r1-2", "r1-3", "r1-4"]
    for number in range(2, 4):
        adapter.message(event("track.ended", seen("door", 9, 6, 7), person=UUID(int=number)))
    assert len(adapter.message(event("track.ended", seen("door", 9, 6, 7))).matched) == 1


def test_who_was_erased_has_no_tracks_whatever_comes_later() -> None:
    adapter = MdxAdapter()
    adapter.message(event("person.appeared", seen("door", 3, 5, 6)))
    erased = adapter.message(an_erasure(SOMEBODY))
    late = adapter.message(event("track.ended", seen("door", 3, 5, 9)))
    assert [(message.globalId, message.matched) for message in (erased, late)] == [(str(SOMEBODY), ())] * 2
    assert late.batchId == 2
    assert adapter.message(event("track.ended", seen("door", 4, 5, 9), person=ANOTHER)).matched
