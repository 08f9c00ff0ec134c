"""Events of every kind, for tests."""

from typing import Literal
from uuid import UUID

from passerby_events.reasons import TooFast, Unlike
from passerby_events.schema import (
    EventSighting,
    Joined,
    PersonAppeared,
    PersonErased,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    RunnerUp,
    TrackEnded,
    VerdictGiven,
)

RUN = UUID(int=77)
SOMEBODY = UUID("5a0a3d0c-91be-5a3c-b3a1-6d5c2b9d6a11")
SOMEBODY_ELSE = UUID(int=6)


def a_sighting(track: int = 7, *, camera: str = "yard", revision: int = 0, start: float = 15.0) -> EventSighting:
    return EventSighting(
        camera=camera,
        session="r1",
        track=track,
        tracklet_index=0,
        start=start,
        end=start + 4.25,
        clock="receive",
        box=(1, 2, 3, 4.04),
        revision=revision,
    )


def an_appearance(track: int = 3, person: UUID = SOMEBODY, *, revision: int = 0) -> PersonAppeared:
    return PersonAppeared(
        event_id=UUID(int=1000 + track),
        site="shop",
        run=RUN,
        person=person,
        seen=a_sighting(track, camera="door", revision=revision, start=5.0),
        runners_up=(),
        model_id="m@1",
    )


def a_match(track: int = 7, person: UUID = SOMEBODY, *, revision: int = 0) -> PersonMatched:
    walk = TooFast(cameras=("door", "yard"), gap_s=1.5, min_gap_s=4.0)
    return PersonMatched(
        event_id=UUID(int=2000 + track),
        site="shop",
        run=RUN,
        person=person,
        seen=a_sighting(track, revision=revision),
        seen_before=a_sighting(3, camera="door", start=5.0),
        similarity=0.98765432,
        probability=None,
        margin=0.1,
        threshold=0.6,
        runners_up=(RunnerUp(person=UUID(int=5), similarity=0.4, ruled_out_by=walk),),
        model_id="m@1",
    )


def an_end(track: int = 7, person: UUID = SOMEBODY) -> TrackEnded:
    whole = a_sighting(track).model_copy(update={"tracklet_index": None})
    return TrackEnded(event_id=UUID(int=3000 + track), site="shop", run=RUN, person=person, seen=whole)


def a_merge(*tracks: int, person: UUID = SOMEBODY, other: UUID = SOMEBODY_ELSE, revision: int = 1) -> PersonMerged:
    moved = tuple(a_sighting(track, revision=revision) for track in tracks or (7,))
    return PersonMerged(
        event_id=UUID(int=4000 + moved[0].track),
        site="shop",
        run=RUN,
        person=person,
        other=other,
        moved=moved,
        seen=moved[0],
        joined=Joined(seen_before=a_sighting(3, camera="door", start=5.0), similarity=0.7, margin=None, threshold=0.6),
        model_id="m@1",
    )


def a_split(*tracks: int, person: UUID = SOMEBODY_ELSE, other: UUID = SOMEBODY, revision: int = 1) -> PersonSplit:
    moved = tuple(a_sighting(track, revision=revision) for track in tracks or (7,))
    return PersonSplit(
        event_id=UUID(int=5000 + moved[0].track),
        site="shop",
        run=RUN,
        person=person,
        other=other,
        moved=moved,
        seen=moved[0],
        similarity_to_rest=0.3,
        reason=Unlike(similarity=0.3, min_similarity=0.5),
        joined=Joined(seen_before=a_sighting(4, start=1.0), similarity=0.8, margin=0.05, threshold=0.6),
        model_id="m@1",
    )


def a_verdict(
    track: int = 7, person: UUID = SOMEBODY, *, verdict: Literal["same", "different"] = "same", revision: int = 0
) -> VerdictGiven:
    return VerdictGiven(
        event_id=UUID(int=7000 + track),
        site="shop",
        run=RUN,
        person=person,
        verdict=verdict,
        seen=a_sighting(track, revision=revision),
        seen_before=a_sighting(3, camera="door", start=5.0),
        similarity=0.75,
        effect="none",
        given_at=1795248000.5,
        model_id="m@1",
    )


def an_erasure(person: UUID = SOMEBODY) -> PersonErased:
    return PersonErased(
        event_id=UUID(int=6000 + person.int % 1000), site="shop", run=RUN, person=person, erased_at=1795248000.5
    )
