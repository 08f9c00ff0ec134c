"""What was found out about tracks, as events."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from passerby_events.reasons import (
    Contradiction,
    Reason,
    SameCameraSameTime,
    TooFast,
    TooLate,
    TwoCamerasAtOnce,
    WrongWay,
)
from passerby_events.schema import (
    EventSighting,
    IdentityEvent,
    Joined,
    MergeSplit,
    PersonAppeared,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    RunnerUp,
    TrackEnded,
    VerdictGiven,
)
from pipeline.events.ids import event_id, verdict_event_id
from pipeline.matching.constraints import Impossibility, Verdict
from pipeline.matching.identity_merge_split import IdentityMergeSplit
from pipeline.matching.merge_split import SplitReason
from pipeline.matching.policy import Decision
from pipeline.matching.sightings import Sighting, person_of
from pipeline.matching.verdicts import CarriedOut

MOST_MOVED = 500
"""Tracks in one event: 100 kB, far below what brokers refuse. More are told in several."""


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where events come from.

    Attributes:
        site: its name.
        run: of the gallery that gives persons their ids.
        cameras: names of cameras by number.
    """

    site: str
    run: UUID
    cameras: Sequence[str]


def announce_decision(
    origin: Origin,
    sighting: Sighting,
    before: Sighting | None,
    decision: Decision,
    *,
    probability: float | None,
    person: Callable[[int], UUID],
) -> IdentityEvent:
    """Somebody was seen for the first time, or recognised.

    Args:
        origin: see there.
        sighting: the track, with its person.
        before: the earlier track that it was recognised by; None: nobody was.
        decision: how.
        probability: that it is right.
        person: who the numbers of the decision are.
    """
    runners_up = tuple(
        RunnerUp(
            person=person(each.person),
            similarity=each.similarity,
            ruled_out_by=None if each.ruled_out_by is None else _contradiction(each.ruled_out_by, origin.cameras),
        )
        for each in decision.runners_up
    )
    if before is None:
        return PersonAppeared(
            event_id=event_id("person.appeared", origin.run, sighting.track),
            site=origin.site,
            run=origin.run,
            person=person_of(sighting),
            seen=_newest(sighting),
            runners_up=runners_up,
            model_id=sighting.model_id,
        )
    assert decision.similarity is not None, f"{sighting.track} was recognised by {before.track}, and nobody knows how"
    assert decision.threshold is not None, f"{sighting.track} was recognised by {before.track}, and nobody knows how"
    return PersonMatched(
        event_id=event_id("person.matched", origin.run, sighting.track),
        site=origin.site,
        run=origin.run,
        person=person_of(sighting),
        seen=_newest(sighting),
        seen_before=_newest(before),
        similarity=decision.similarity,
        probability=probability,
        margin=decision.margin,
        threshold=decision.threshold,
        runners_up=runners_up,
        model_id=sighting.model_id,
    )


def announce_end(origin: Origin, sighting: Sighting) -> TrackEnded:
    """A track ended."""
    return TrackEnded(
        event_id=event_id("track.ended", origin.run, sighting.track),
        site=origin.site,
        run=origin.run,
        person=person_of(sighting),
        seen=_whole(sighting),
    )


def announce_verdict(origin: Origin, done: CarriedOut) -> list[IdentityEvent]:
    """What an operator said, and then what follows from it."""
    given = VerdictGiven(
        event_id=verdict_event_id(origin.run, done.verdict.id),
        site=origin.site,
        run=origin.run,
        person=person_of(done.seen),
        verdict="same" if done.verdict.is_same else "different",
        seen=_newest(done.seen),
        seen_before=_newest(done.seen_before),
        similarity=done.similarity,
        effect="none" if done.change is None else done.change.kind,
        given_at=done.verdict.given_at,
        model_id=done.seen.model_id,
    )
    return [given] if done.change is None else [given, *announce_merge_split(origin, done.change)]


def announce_merge_split(origin: Origin, change: IdentityMergeSplit) -> list[MergeSplit]:
    """Tracks are somebody else than was said; in several events where they are many."""
    announce = _announce_merge if change.kind == "merged" else _announce_split
    starts = range(0, len(change.moved), MOST_MOVED)
    return [announce(origin, change, change.moved[start : start + MOST_MOVED]) for start in starts]


def _announce_merge(origin: Origin, change: IdentityMergeSplit, moved: tuple[Sighting, ...]) -> PersonMerged:
    joined, seen = _joined(change), _most_alike(change)
    assert joined is not None, f"{change.other} was merged into somebody who is nobody yet"
    return PersonMerged(
        event_id=event_id("person.merged", origin.run, moved[0].track, moved[0].revision),
        site=origin.site,
        run=origin.run,
        person=change.person,
        other=change.other,
        moved=tuple(map(_whole, moved)),
        seen=_newest(seen),
        joined=joined,
        model_id=seen.model_id,
    )


def _announce_split(origin: Origin, change: IdentityMergeSplit, moved: tuple[Sighting, ...]) -> PersonSplit:
    left, seen = change.left, _most_alike(change)
    assert left is not None, f"tracks left {change.other}, and nobody knows why"
    return PersonSplit(
        event_id=event_id("person.split", origin.run, moved[0].track, moved[0].revision),
        site=origin.site,
        run=origin.run,
        person=change.person,
        other=change.other,
        moved=tuple(map(_whole, moved)),
        seen=_newest(seen),
        similarity_to_rest=left.similarity,
        reason=_split_reason(left.reason, origin.cameras),
        joined=_joined(change),
        model_id=seen.model_id,
    )


def _joined(change: IdentityMergeSplit) -> Joined | None:
    if change.joined is None or change.nearest is None:
        return None
    _, before = change.nearest
    return Joined(
        seen_before=_newest(before),
        similarity=change.joined.similarity,
        margin=change.margin,
        threshold=change.joined.threshold,
    )


def _most_alike(change: IdentityMergeSplit) -> Sighting:
    """Of the tracks that move, the one that is most like the person's; the first of them if that is somebody new."""
    return change.moved[0] if change.nearest is None else change.nearest[0]


def _split_reason(reason: SplitReason, cameras: Sequence[str]) -> Reason:
    return _contradiction(reason, cameras) if isinstance(reason, Impossibility) else reason


def _contradiction(why: Impossibility, cameras: Sequence[str]) -> Contradiction:
    first, second = (cameras[number] for number in why.cameras)
    match why.verdict:
        case Verdict.SAME_CAMERA_SAME_TIME:
            gap_s = None if why.gap_s == -math.inf else why.gap_s
            return SameCameraSameTime(camera=first, gap_s=gap_s, min_gap_s=why.min_gap_s)
        case Verdict.TWO_CAMERAS_AT_ONCE:
            return TwoCamerasAtOnce(cameras=(first, second), gap_s=why.gap_s, min_gap_s=why.min_gap_s)
        case Verdict.TOO_FAST:
            return TooFast(cameras=(first, second), gap_s=why.gap_s, min_gap_s=why.min_gap_s)
        case Verdict.TOO_LATE if why.max_gap_s == -math.inf:
            return WrongWay(cameras=(first, second))
        case Verdict.TOO_LATE:
            return TooLate(cameras=(first, second), gap_s=why.gap_s, max_gap_s=why.max_gap_s)
    raise AssertionError(f"{why} is possible")


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
        session=sighting.track.session,
        track=sighting.track.track,
        tracklet_index=tracklet_index,
        start=sighting.start_s,
        end=sighting.end_s,
        clock=sighting.clock,
        box=(left, top, right, bottom),
        quality=round(sighting.quality, 3),
        revision=sighting.revision,
    )
