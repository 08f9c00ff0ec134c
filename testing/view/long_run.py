"""The events of a run of many tracks, made up: for pages that must be the same at twenty and at twenty thousand."""

from collections.abc import Iterator
from uuid import UUID

from passerby_events.reasons import TooFast
from passerby_events.schema import EventSighting, IdentityEvent, PersonAppeared, PersonMatched, RunnerUp, TrackEnded
from passerby_events.tracks import TrackKey
from pipeline.events.ids import event_id, person_id

RUN = UUID(int=77)
CAMERAS = ("door", "hall", "yard", "roof")
TRACKS_OF_EACH = 5
"""Of a person."""


def long_run(tracks: int) -> Iterator[IdentityEvent]:
    """Persons of five tracks each come one after the other, and go from camera to camera."""
    for track in range(tracks):
        person = person_id("yard", TrackKey("door", "r", track - track % TRACKS_OF_EACH))
        seen = a_sighting(track)
        if track % TRACKS_OF_EACH == 0:
            yield PersonAppeared(
                event_id=event_id("person.appeared", RUN, seen.key),
                site="yard",
                run=RUN,
                person=person,
                seen=seen,
                runners_up=_others(track),
                model_id="net-1",
            )
        else:
            yield a_match(seen, a_sighting(track - 1), person, _others(track))
        whole = seen.model_copy(update={"tracklet_index": None})
        new_id = event_id("track.ended", RUN, seen.key)
        yield TrackEnded(event_id=new_id, site="yard", run=RUN, person=person, seen=whole)


def a_sighting(track: int) -> EventSighting:
    """Three seconds, two seconds after the one before."""
    return EventSighting(
        camera=CAMERAS[track % len(CAMERAS)],
        session="r",
        track=track,
        tracklet_index=0,
        start=2.0 * track,
        end=2.0 * track + 3,
        clock="container",
        box=(1, 2, 30, 80),
    )


def a_match(
    seen: EventSighting, before: EventSighting, person: UUID, runners_up: tuple[RunnerUp, ...] = ()
) -> PersonMatched:
    return PersonMatched(
        event_id=event_id("person.matched", RUN, seen.key),
        site="yard",
        run=RUN,
        person=person,
        seen=seen,
        seen_before=before,
        similarity=0.8125,
        probability=None,
        margin=0.125,
        threshold=0.5,
        runners_up=runners_up,
        model_id="net-1",
    )


def _others(track: int) -> tuple[RunnerUp, ...]:
    """The person before, who was like it, and is ruled out every second time."""
    if track < TRACKS_OF_EACH:
        return ()
    before = person_id("yard", TrackKey("door", "r", track - track % TRACKS_OF_EACH - TRACKS_OF_EACH))
    walk = TooFast(cameras=("door", "hall"), gap_s=2, min_gap_s=5) if track % 2 else None
    return (RunnerUp(person=before, similarity=0.6875, ruled_out_by=walk),)
