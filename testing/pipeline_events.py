"""One event about a sighting, and one about an erasure."""

from uuid import UUID

from pipeline.events.schema import EventSighting, IdentityEvent, PersonErased, RunnerUp, erasure_id, event_id, person_id
from pipeline.records import TrackKey


def an_event() -> IdentityEvent:
    key = TrackKey("yard", "r1", 7)
    return IdentityEvent(
        event_id=event_id("person.matched", "shop", key),
        kind="person.matched",
        site="shop",
        person=person_id("shop", TrackKey("door", "r1", 3)),
        camera="yard",
        seen=EventSighting(
            camera="yard",
            run="r1",
            track=7,
            tracklet_index=0,
            start=15.0,
            end=19.25,
            clock="receive",
            box=(1, 2, 3, 4.04),
        ),
        seen_before=EventSighting(camera="door", run="r1", track=3, start=5, end=9, clock="receive"),
        similarity=0.98765432,
        margin=0.1,
        threshold=0.6,
        runners_up=(RunnerUp(person=UUID(int=5), similarity=0.4, ruled_out_by="no time to walk there"),),
        model_id="m@1",
    )


def an_erasure(person: UUID | None = None) -> PersonErased:
    erased = person or an_event().person
    return PersonErased(
        event_id=erasure_id("shop", erased, UUID(int=9)), site="shop", person=erased, erased_at=1795248000.5
    )
