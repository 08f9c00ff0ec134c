"""What was found out about tracks, as events."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from pipeline.events.schema import IdentityEvent, Rival, event_id
from pipeline.events.schema import Sighting as EventSighting
from pipeline.matching.constraints import Verdict
from pipeline.matching.policy import Decision
from pipeline.matching.revising import Revision
from pipeline.matching.sightings import Sighting, person_of

MOST_MOVED = 500
"""Tracks in one event: 100 kB, far below what brokers refuse. More are told in several."""
_WORDS = {
    Verdict.SAME_CAMERA_SAME_TIME: "in the same camera at the same time",
    Verdict.TWO_CAMERAS_AT_ONCE: "in a camera that does not overlap at the same time",
    Verdict.TOO_FAST: "no time to walk there",
    Verdict.TOO_LATE: "too long for the walk",
}


def decided(
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
        rivals=tuple(
            Rival(person=person(rival.person), similarity=rival.similarity, ruled_out_by=_WORDS.get(rival.verdict))
            for rival in decision.rivals
        ),
        model_id=sighting.model_id,
    )


def ended(site: str, sighting: Sighting) -> IdentityEvent:
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


def revised(site: str, revision: Revision) -> list[IdentityEvent]:
    """Tracks are somebody else than was said; in several events where they are many."""
    starts = range(0, len(revision.moved), MOST_MOVED)
    return [_revised(site, revision, revision.moved[start : start + MOST_MOVED]) for start in starts]


def _revised(site: str, revision: Revision, moved: tuple[Sighting, ...]) -> IdentityEvent:
    kind: Literal["person.merged", "person.split"] = "person.merged" if revision.kind == "merged" else "person.split"
    joined, left = revision.joined, revision.left
    seen, before = revision.nearest or (moved[0], None)
    return IdentityEvent(
        event_id=event_id(kind, site, moved[0].track, moved[0].revision),
        kind=kind,
        site=site,
        person=revision.person,
        camera=seen.track.camera,
        seen=_newest(seen),
        seen_before=None if before is None else _newest(before),
        other=revision.other,
        moved=tuple(_whole(sighting) for sighting in moved),
        similarity=None if joined is None else joined.similarity,
        margin=revision.margin,
        threshold=None if joined is None else joined.threshold,
        rivals=(
            ()
            if left is None
            else (Rival(person=revision.other, similarity=left.similarity, ruled_out_by=_WORDS.get(left.verdict)),)
        ),
        model_id=seen.model_id,
    )


def _whole(sighting: Sighting) -> EventSighting:
    """The whole track, as far as it is known."""
    return _seen(sighting, None)


def _newest(sighting: Sighting) -> EventSighting:
    """The track by its newest part."""
    return _seen(sighting, sighting.part)


def _seen(sighting: Sighting, part: int | None) -> EventSighting:
    left, top, right, bottom = map(float, sighting.box)
    return EventSighting(
        camera=sighting.track.camera,
        run=sighting.track.run,
        track=sighting.track.track,
        part=part,
        start=sighting.start_s,
        end=sighting.end_s,
        clock=sighting.clock,
        box=(left, top, right, bottom),
        revision=sighting.revision,
    )
