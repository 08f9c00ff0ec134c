"""The shapes of what pages are made of: which are wanted, and how a sighting, a decision and a reason read."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from passerby_events.reasons import describe
from passerby_events.schema import (
    EventSighting,
    PersonAppeared,
    PersonMatched,
    PersonMerged,
    PersonSplit,
    RunnerUp,
    VerdictGiven,
)
from passerby_events.tracks import TrackKey

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which persons, sightings or decisions are asked for; None: whatever.

    Attributes:
        camera: seen there.
        from_s, to_s: seen in that time, seconds since the epoch.
        text: the beginning of a person's id.
        is_here: in front of a camera now, or not.
        person: the whole id.
        kind: of a decision.
        several: in more cameras than one.
    """

    camera: str | None = None
    from_s: float | None = None
    to_s: float | None = None
    text: str | None = None
    is_here: bool | None = None
    person: UUID | None = None
    kind: str | None = None
    several: bool | None = None

    def fits(self, start_s: float, end_s: float) -> bool:
        return not (self.from_s is not None and end_s < self.from_s) and not (
            self.to_s is not None and start_s > self.to_s
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what was asked for, and how many there are."""

    total: int
    items: list[Json]


Decision = PersonAppeared | PersonMatched | PersonMerged | PersonSplit | VerdictGiven


def fits(event: Decision, wanted: Wanted) -> bool:
    if wanted.kind is not None and event.kind != wanted.kind:
        return False
    if wanted.person is not None and wanted.person not in (event.person, getattr(event, "other", None)):
        return False
    compared = compared_by(event)
    cameras: Sequence[str] = [event.seen.camera, *([compared[0].camera] if compared else [])]
    return (wanted.camera is None or wanted.camera in cameras) and wanted.fits(event.seen.start, event.seen.end)


def compared_by(event: Decision) -> tuple[EventSighting, float] | None:
    """The sighting that a decision compares its own with, and how similar the two are; None: it compares with none."""
    match event:
        case PersonMatched() | VerdictGiven():
            return event.seen_before, event.similarity
        case PersonMerged() | PersonSplit() if event.joined is not None:
            return event.joined.seen_before, event.joined.similarity
        case _:
            return None


def is_about(event: Decision, person: UUID, tracks: Collection[TrackKey]) -> bool:
    """Whether a decision is about somebody, or compares one of some tracks."""
    compared = compared_by(event)
    seen = [event.seen.key, *([compared[0].key] if compared else [])]
    return event.person == person or any(track in tracks for track in seen)


def name_of(key: TrackKey) -> str:
    return f"{key.camera}/{key.session}/{key.track}"


def track_from(name: str) -> TrackKey:
    """The track of a name as sightings have it; ValueError if it is none."""
    camera, session, track = name.split("/")
    return TrackKey(camera, session, int(track))


def line_of(key: TrackKey, start_s: float, end_s: float, *, is_open: bool) -> Json:
    return {
        "id": name_of(key),
        "camera": key.camera,
        "track": key.track,
        "start": start_s,
        "end": end_s,
        "is_open": is_open,
    }


def why_not(each: RunnerUp, chosen: float | None) -> str:
    """In words: a rule of the site, or the similarity, which is named as what it is."""
    if each.ruled_out_by is not None:
        return describe(each.ruled_out_by)
    if chosen is None:
        return f"not similar enough: {each.similarity:.3f}"
    if each.similarity < chosen:
        return f"{chosen - each.similarity:.3f} less similar: {each.similarity:.3f} against {chosen:.3f}"
    return f"as similar ({each.similarity:.3f}), and taken by another track at the same time"
