"""What was found out about tracks, as events."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from pipeline.events.schema import EventSighting, IdentityEvent, RunnerUp, event_id
from pipeline.matching.constraints import Verdict
from pipeline.matching.identity_merge_split import IdentityMergeSplit
from pipeline.matching.policy import Decision
from pipeline.matching.sightings import Sighting, person_of

MOST_MOVED = 500
"""Tracks in one event: 100 kB, far below what brokers refuse. More are told in several."""
_WORDS = {
    Verdict.SAME_CAMERA_SAME_TIME: "in the same camera at the same time",
    Verdict.TWO_CAMERAS_AT_ONCE: "in a camera that does not overlap at the same time",
    Verdict.TOO_FAST: "no time to walk there",
    Verdict.TOO_LATE: "too long for the walk",
}


def announce_decision(
    site: str,
    sighting: Sighting,
    before: Sighting | None,
    decision: Decision,
    *,
    probability: float | None,
    person: Callable[[int], UUID],
) -> IdentityEvent:
    """Somebody was seen for the first time, or recognised.

    Args:
        site: name of the site.
        sighting: the track, with its person.
        before: the earlier track that it was recognised by; None: nobody was.
        decision: how.
        probability: that it is right.
        person: who the numbers of the decision are.
    """
    kind: Literal["person.appeared", "person.matched"] = "person.appeared" if before is None else "person.matched"
    return IdentityEvent(
        event_id=event_id(kind, site, sighting.track),
        kind=kind,
        site=site,
        person=person_of(sighting),
        camera=sighting.track.camera,
        seen=_newest(sighting),
        seen_before=None if before is None else _newest(before),
        similarity=decision.similarity,
        probability=probability,
        margin=decision.margin,
        threshold=decision.threshold,
        runners_up=tuple(
            RunnerUp(
                person=person(runner_up.person),
                similarity=runner_up.similarity,
                ruled_out_by=_WORDS.get(runner_up.verdict),
            )
            for runner_up in decision.runners_up
        ),
        model_id=sighting.model_id,
    )


def announce_end(site: str, sighting: Sighting) -> IdentityEvent:
    """A track ended."""
    return IdentityEvent(
        event_id=event_id("track.ended", site, sighting.track),
        kind="track.ended",
        site=site,
        person=person_of(sighting),
        camera=sighting.track.camera,
        seen=_whole(sighting),
        model_id=sighting.model_id,
    )


def announce_merge_split(site: str, change: IdentityMergeSplit) -> list[IdentityEvent]:
    """Tracks are somebody else than was said; in several events where they are many."""
    starts = range(0, len(change.moved), MOST_MOVED)
    return [_announce_some(site, change, change.moved[start : start + MOST_MOVED]) for start in starts]


def _announce_some(site: str, change: IdentityMergeSplit, moved: tuple[Sighting, ...]) -> IdentityEvent:
    kind: Literal["person.merged", "person.split"] = "person.merged" if change.kind == "merged" else "person.split"
    joined, left = change.joined, change.left
    seen, before = change.nearest or (moved[0], None)
    return IdentityEvent(
        event_id=event_id(kind, site, moved[0].track, moved[0].revision),
        kind=kind,
        site=site,
        person=change.person,
        camera=seen.track.camera,
        seen=_newest(seen),
        seen_before=None if before is None else _newest(before),
        other=change.other,
        moved=tuple(_whole(sighting) for sighting in moved),
        similarity=None if joined is None else joined.similarity,
        margin=change.margin,
        threshold=None if joined is None else joined.threshold,
        runners_up=(
            ()
            if left is None
            else (RunnerUp(person=change.other, similarity=left.similarity, ruled_out_by=_WORDS.get(left.verdict)),)
        ),
        model_id=seen.model_id,
    )


def _whole(sighting: Sighting) -> EventSighting:
    """The whole track, as far as it is known."""
    return _seen(sighting, None)


def _newest(sighting: Sighting) -> EventSighting:
    """The track by its newest tracklet."""
    return _seen(sighting, sighting.tracklet_index)


def _seen(sighting: Sighting, tracklet_index: int | None) -> EventSighting:
    left, top, right, bottom = map(float, sighting.box)
    return EventSighting(
        camera=sighting.track.camera,
        run=sighting.track.run,
        track=sighting.track.track,
        tracklet_index=tracklet_index,
        start=sighting.start_s,
        end=sighting.end_s,
        clock=sighting.clock,
        box=(left, top, right, bottom),
        revision=sighting.revision,
    )
